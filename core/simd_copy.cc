// Compiled once for every instruction set; HWY_EXPORT chooses at run time.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/simd_copy.cc"
#include "core/simd_copy.h"

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "core/rows_ahead.h"
#include "hwy/foreach_target.h"  // Must come before highway.h.
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace emb::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

HWY_INLINE void CopyRow(const std::byte* row, size_t bytes, std::byte* out) {
  const hn::ScalableTag<uint8_t> d;
  const size_t lanes = hn::Lanes(d);
  size_t copied = 0;
  for (; copied + lanes <= bytes; copied += lanes) {
    hn::StoreU(hn::LoadU(d, reinterpret_cast<const uint8_t*>(row + copied)), d,
               reinterpret_cast<uint8_t*>(out + copied));
  }
  if (copied < bytes) std::memcpy(out + copied, row + copied, bytes - copied);
}

void CopyRows(const Table& table, IdSpan ids, const AbsentIds& absent,
              std::byte* out) {
  const auto row_bytes = static_cast<size_t>(table.row_bytes());
  RowsAhead rows(table, ids, absent);
  for (size_t i = 0; i < ids.size(); ++i) {
    if (const std::byte* const row = rows.Next()) {
      CopyRow(row, row_bytes, out);
    } else {
      std::memset(out, 0, row_bytes);
    }
    out += row_bytes;
  }
}

}  // namespace
}  // namespace emb::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace emb {

HWY_EXPORT(CopyRows);

void CopyRows(const Table& table, IdSpan ids, const AbsentIds& absent,
              std::byte* out) {
  HWY_DYNAMIC_DISPATCH(CopyRows)(table, ids, absent, out);
}

}  // namespace emb
#endif  // HWY_ONCE
