#include "core/block_arena.h"

#include <sys/mman.h>

#include <algorithm>
#include <cassert>
#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

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
      huge_(stride_ * capacity >= kHugeArenaBytes),
      growth_blocks_(std::max<int64_t>(
          {1, capacity / 16, huge_ ? kHugePageBytes / stride_ : 1})) {
  assert(block_bytes >= 1 && capacity >= 1);
  MutexLock lock(mutex_);
  const int64_t segment_blocks =
      huge_ ? std::max<int64_t>(1, kSegmentBytes / stride_) : capacity;
  for (int64_t first = 0; first < capacity; first += segment_blocks) {
    AddSegment(std::min(segment_blocks, capacity - first));
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

void BlockArena::AddSegment(int64_t blocks) {
  const int64_t bytes = blocks * stride_;
  if (huge_) {
    const int64_t mapped = RoundUp(bytes, 4096);
    segments_.push_back({MapHuge(mapped), mapped, blocks});
  } else {
    segments_.push_back({AllocateSmall(bytes), bytes, blocks});
  }
}

std::byte* BlockArena::Allocate() {
  MutexLock lock(mutex_);
  if (!free_.empty()) {
    std::byte* const block = free_.back();
    free_.pop_back();
    return block;
  }
  if (next_block_ == segments_[segment_].blocks) {
    ++segment_;
    next_block_ = 0;
    if (segment_ == segments_.size()) AddSegment(growth_blocks_);
  }
  return segments_[segment_].begin + next_block_++ * stride_;
}

void BlockArena::Free(const std::byte* block) {
  MutexLock lock(mutex_);
  free_.push_back(const_cast<std::byte*>(block));
}

int64_t BlockArena::bytes() const {
  MutexLock lock(mutex_);
  int64_t bytes = 0;
  for (const Segment& segment : segments_) bytes += segment.bytes;
  return bytes;
}

int64_t BlockArena::GrowthBytes(int64_t blocks) const {
  MutexLock lock(mutex_);
  int64_t room = static_cast<int64_t>(free_.size()) - next_block_;
  for (size_t i = segment_; i < segments_.size(); ++i) {
    room += segments_[i].blocks;
  }
  if (blocks <= room) return 0;
  return RoundUp(blocks - room, growth_blocks_) * stride_;
}

void BlockArena::KeepUntilFreed(std::shared_ptr<const void> owner) {
  MutexLock lock(mutex_);
  owners_.push_back(std::move(owner));
}

int64_t BlockArena::MemoryBytes(int64_t block_bytes, int64_t capacity) {
  return RoundUp(block_bytes, kCacheLineBytes) * capacity;
}

}  // namespace emb
