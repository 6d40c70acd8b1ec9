#include "core/gather.h"

#include <algorithm>
#include <cassert>
#include <cstring>

#include "core/simd_decode.h"

namespace emb {
namespace {

// The hardware follows a row beyond its first lines by itself.
constexpr int64_t kPrefetchBytesMax = 256;
constexpr int64_t kCacheLineBytes = 64;

// `write` puts a row to an address.
template <typename Write>
void GatherBy(const Write& write, const Table& table, IdSpan ids,
              const AbsentIds& absent, int64_t out_bytes, std::byte* out) {
  const int64_t row_bytes = table.row_bytes();
  for (size_t i = 0; i < ids.size(); ++i) {
    if (i + kPrefetchDistance < ids.size()) {
      const int64_t ahead = ids[i + kPrefetchDistance];
      if (!absent.Contains(ahead)) PrefetchRow(table.row(ahead), row_bytes);
    }
    if (absent.Contains(ids[i])) {
      std::memset(out, 0, static_cast<size_t>(out_bytes));
    } else {
      write(table.row(ids[i]), out);
    }
    out += out_bytes;
  }
}

}  // namespace

void PrefetchRow(const std::byte* row, int64_t row_bytes) {
  const int64_t bytes = std::min(row_bytes, kPrefetchBytesMax);
  for (int64_t line = 0; line < bytes; line += kCacheLineBytes) {
    __builtin_prefetch(row + line);
  }
  // A row need not begin where a line does.
  __builtin_prefetch(row + bytes - 1);
}

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
    const auto copy = [bytes = static_cast<size_t>(out_bytes)](
                          const std::byte* row, std::byte* to) {
      std::memcpy(to, row, bytes);
    };
    GatherBy(copy, table, ids, absent, out_bytes, out.data());
  } else {
    const auto decode = [&](const std::byte* row, std::byte* to) {
      DecodeRow(format, row, to);
    };
    GatherBy(decode, table, ids, absent, out_bytes, out.data());
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
