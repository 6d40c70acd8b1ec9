#include "core/gather.h"

#include <algorithm>
#include <cassert>

#include "core/rows_ahead.h"
#include "core/simd_copy.h"
#include "core/simd_decode.h"

namespace emb {

int64_t RowBytesAs(RowsAs as, const Table& table) {
  return as == RowsAs::kStored ? table.row_bytes()
                               : table.format().float_bytes();
}

void GatherRows(const Table& table, IdSpan ids, const AbsentIds& absent,
                RowsAs as, absl::Span<std::byte> out) {
  const int64_t out_bytes = RowBytesAs(as, table);
  assert(out.size() == ids.size() * static_cast<size_t>(out_bytes));
  const RowFormat format = table.format();
  if (as == RowsAs::kStored || format.dtype == DType::kFloat32) {
    CopyRows(table, ids, absent, out.data());
    return;
  }
  RowsAhead rows(table, ids, absent);
  for (size_t i = 0; i < ids.size(); ++i) {
    const auto decoded = out.first(static_cast<size_t>(out_bytes));
    if (const std::byte* const row = rows.Next()) {
      DecodeRow(format, row, decoded.data());
    } else {
      std::fill(decoded.begin(), decoded.end(), std::byte{0});
    }
    out.remove_prefix(decoded.size());
  }
}

void GatherPadded(const Table& table, IdSpan ids,
                  absl::Span<const int64_t> lengths, const PadRule& rule,
                  const AbsentIds& absent, RowsAs as,
                  absl::Span<std::byte> out) {
  const int64_t row_bytes = RowBytesAs(as, table);
  for (const int64_t length : lengths) {
    const int64_t kept = std::min(length, rule.length);
    const int64_t first =
        rule.keep == PadRule::Keep::kFirst ? 0 : length - kept;
    const auto kept_ids =
        ids.subspan(static_cast<size_t>(first), static_cast<size_t>(kept));
    const auto rows_bytes = static_cast<size_t>(kept * row_bytes);
    const auto zero_bytes =
        static_cast<size_t>((rule.length - kept) * row_bytes);
    const bool left = rule.side == PadRule::Side::kLeft;
    const auto padding = out.subspan(left ? 0 : rows_bytes, zero_bytes);
    std::fill(padding.begin(), padding.end(), std::byte{0});
    GatherRows(table, kept_ids, absent, as,
               out.subspan(left ? zero_bytes : 0, rows_bytes));
    ids = ids.subspan(static_cast<size_t>(length));
    out.remove_prefix(rows_bytes + zero_bytes);
  }
}

}  // namespace emb
