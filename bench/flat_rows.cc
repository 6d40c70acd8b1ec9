// Compiled once for every instruction set; HWY_EXPORT chooses at run time.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "bench/flat_rows.cc"
#include "bench/flat_rows.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>

#include "bench/bench_table.h"
#include "hwy/foreach_target.h"  // Must come before highway.h.
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace emb::bench::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

// As RowsAhead.
constexpr size_t kDistance = 32;

HWY_INLINE void Prefetch(const std::byte* row) {
  for (int64_t line = 0; line < kRowBytes; line += 64) {
    __builtin_prefetch(row + line, 0, 2);
  }
}

// `row_bytes` is kRowBytes, which the compiler must not know: core serves rows
// of any size.
void GatherFlat(const std::byte* rows, size_t row_bytes, IdSpan ids,
                std::byte* out) {
  const hn::ScalableTag<uint8_t> d;
  const size_t lanes = hn::Lanes(d);
  for (size_t i = 0; i < std::min(kDistance, ids.size()); ++i) {
    Prefetch(rows + static_cast<size_t>(ids[i]) * row_bytes);
  }
  for (size_t i = 0; i < ids.size(); ++i) {
    if (i + kDistance < ids.size()) {
      Prefetch(rows + static_cast<size_t>(ids[i + kDistance]) * row_bytes);
    }
    const auto* const row = reinterpret_cast<const uint8_t*>(
        rows + static_cast<size_t>(ids[i]) * row_bytes);
    for (size_t byte = 0; byte + lanes <= row_bytes; byte += lanes) {
      hn::StoreU(hn::LoadU(d, row + byte), d,
                 reinterpret_cast<uint8_t*>(out) + byte);
    }
    out += row_bytes;
  }
}

}  // namespace
}  // namespace emb::bench::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace emb::bench {
namespace {

constexpr size_t kHugePageBytes = size_t{2} << 20;

}  // namespace

HWY_EXPORT(GatherFlat);

FlatRows::FlatRows(int64_t num_rows)
    : mapped_bytes_(static_cast<size_t>(num_rows * kRowBytes) +
                    kHugePageBytes) {
  mapped_ = mmap(nullptr, mapped_bytes_, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped_ == MAP_FAILED) throw std::bad_alloc();
  const size_t misaligned =
      reinterpret_cast<uintptr_t>(mapped_) % kHugePageBytes;
  rows_ = static_cast<std::byte*>(mapped_) + (kHugePageBytes - misaligned);
  const size_t bytes = mapped_bytes_ - kHugePageBytes;
  madvise(rows_, bytes, MADV_HUGEPAGE);
  std::memset(rows_, 0, bytes);  // So that every page has memory of its own.
}

FlatRows::~FlatRows() { munmap(mapped_, mapped_bytes_); }

void FlatRows::Gather(IdSpan ids, std::byte* out) const {
  HWY_DYNAMIC_DISPATCH(GatherFlat)(rows_, kRowBytes, ids, out);
}

}  // namespace emb::bench
#endif  // HWY_ONCE
