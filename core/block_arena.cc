#include "core/block_arena.h"

#include <sys/mman.h>

#include <algorithm>
#include <cassert>
#include <cstdlib>
#include <cstring>
#include <new>

namespace emb {
namespace {

constexpr int64_t kCacheLineBytes = 64;
constexpr int64_t kHugePageBytes = int64_t{2} << 20;
// Below this an arena is ordinary memory.
constexpr int64_t kHugeArenaBytes = int64_t{16} << 20;
// Large arenas are mapped, and later unmapped, in steps of this size, so that
// freeing gigabytes never holds the process's memory map for long.
constexpr int64_t kSegmentBytes = int64_t{64} << 20;

int64_t RoundUp(int64_t value, int64_t unit) {
  return (value + unit - 1) / unit * unit;
}

std::byte* AllocateSmall(int64_t bytes) {
  void* memory = std::aligned_alloc(kCacheLineBytes, bytes);
  if (memory == nullptr) throw std::bad_alloc();
  std::memset(memory, 0, bytes);
  return static_cast<std::byte*>(memory);
}

// Zeroed memory on a huge-page boundary: maps one huge page too much and
// gives the ends back.
std::byte* MapHuge(int64_t bytes) {
  const int64_t mapped = bytes + kHugePageBytes;
  void* const memory = mmap(nullptr, mapped, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  auto* const begin = static_cast<std::byte*>(memory);
  const auto misaligned =
      static_cast<int64_t>(reinterpret_cast<uintptr_t>(begin)) % kHugePageBytes;
  const int64_t head = (kHugePageBytes - misaligned) % kHugePageBytes;
  if (head > 0) munmap(begin, head);
  munmap(begin + head + bytes, mapped - head - bytes);
  // Advice only: without huge pages the table works, more slowly.
  madvise(begin + head, bytes, MADV_HUGEPAGE);
  return begin + head;
}

}  // namespace

BlockArena::BlockArena(int64_t block_bytes, int64_t capacity)
    : stride_(RoundUp(block_bytes, kCacheLineBytes)),
      huge_(stride_ * capacity >= kHugeArenaBytes) {
  assert(block_bytes >= 1 && capacity >= 1);
  segment_blocks_ =
      huge_ ? std::max<int64_t>(1, kSegmentBytes / stride_) : capacity;
  for (int64_t first = 0; first < capacity; first += segment_blocks_) {
    const int64_t blocks = std::min(segment_blocks_, capacity - first);
    const int64_t bytes = blocks * stride_;
    if (huge_) {
      const int64_t mapped = RoundUp(bytes, 4096);
      segments_.push_back({MapHuge(mapped), mapped});
    } else {
      segments_.push_back({AllocateSmall(bytes), bytes});
    }
  }
}

BlockArena::~BlockArena() {
  for (const Segment& segment : segments_) {
    if (huge_) {
      munmap(segment.begin, segment.bytes);
    } else {
      std::free(segment.begin);
    }
  }
}

std::byte* BlockArena::Allocate() {
  const int64_t block = next_block_++;
  const Segment& segment =
      segments_[static_cast<size_t>(block / segment_blocks_)];
  return segment.begin + block % segment_blocks_ * stride_;
}

int64_t BlockArena::MemoryBytes(int64_t block_bytes, int64_t capacity) {
  return RoundUp(block_bytes, kCacheLineBytes) * capacity;
}

}  // namespace emb
