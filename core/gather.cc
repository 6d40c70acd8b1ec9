#include "core/gather.h"

#include <algorithm>
#include <cassert>
#include <cstring>

namespace emb {
namespace {

// Rows are fetched this many ids ahead; 8 to 16 measure alike.
constexpr size_t kPrefetchDistance = 12;
// The hardware follows a row beyond its first lines by itself.
constexpr int64_t kPrefetchBytesMax = 256;
constexpr int64_t kCacheLineBytes = 64;

void PrefetchRow(const std::byte* row, int64_t row_bytes) {
  const int64_t bytes = std::min(row_bytes, kPrefetchBytesMax);
  for (int64_t line = 0; line < bytes; line += kCacheLineBytes) {
    __builtin_prefetch(row + line);
  }
}

// Without a padding id the loop has no test in it.
void GatherPlain(const Table& table, absl::Span<const int64_t> ids,
                 std::byte* out) {
  const int64_t row_bytes = table.row_bytes();
  for (size_t i = 0; i < ids.size(); ++i) {
    if (i + kPrefetchDistance < ids.size()) {
      PrefetchRow(table.row(ids[i + kPrefetchDistance]), row_bytes);
    }
    std::memcpy(out, table.row(ids[i]), static_cast<size_t>(row_bytes));
    out += row_bytes;
  }
}

void GatherPadded(const Table& table, absl::Span<const int64_t> ids,
                  int64_t padding_id, std::byte* out) {
  const auto row_bytes = static_cast<size_t>(table.row_bytes());
  for (const int64_t id : ids) {
    if (id == padding_id) {
      std::memset(out, 0, row_bytes);
    } else {
      std::memcpy(out, table.row(id), row_bytes);
    }
    out += row_bytes;
  }
}

}  // namespace

std::optional<size_t> FindIdOutside(absl::Span<const int64_t> ids,
                                    int64_t num_rows,
                                    std::optional<int64_t> padding_id) {
  for (size_t i = 0; i < ids.size(); ++i) {
    const bool inside = ids[i] >= 0 && ids[i] < num_rows;
    if (!inside && ids[i] != padding_id) return i;
  }
  return std::nullopt;
}

void GatherRows(const Table& table, absl::Span<const int64_t> ids,
                std::optional<int64_t> padding_id, absl::Span<std::byte> out) {
  assert(out.size() == ids.size() * static_cast<size_t>(table.row_bytes()));
  if (padding_id.has_value()) {
    GatherPadded(table, ids, *padding_id, out.data());
  } else {
    GatherPlain(table, ids, out.data());
  }
}

}  // namespace emb
