#include "core/absent_ids.h"

namespace emb {
namespace {

bool IsOutside(int64_t id, int64_t num_rows,
               std::optional<int64_t> padding_id) {
  const bool inside = id >= 0 && id < num_rows;
  return !inside && id != padding_id;
}

}  // namespace

std::optional<size_t> FindIdOutside(IdSpan ids, int64_t num_rows,
                                    std::optional<int64_t> padding_id) {
  for (size_t i = 0; i < ids.size(); ++i) {
    if (IsOutside(ids[i], num_rows, padding_id)) return i;
  }
  return std::nullopt;
}

std::vector<uint8_t> MarkIdsOutside(IdSpan ids, int64_t num_rows,
                                    std::optional<int64_t> padding_id) {
  const auto first = FindIdOutside(ids, num_rows, padding_id);
  if (!first.has_value()) return {};
  std::vector<uint8_t> bits((ids.size() + 7) / 8);
  for (size_t i = *first; i < ids.size(); ++i) {
    if (IsOutside(ids[i], num_rows, padding_id)) {
      bits[i / 8] = static_cast<uint8_t>(bits[i / 8] | 1U << i % 8);
    }
  }
  return bits;
}

int64_t CountIds(IdSpan ids, std::optional<int64_t> either,
                 std::optional<int64_t> other) {
  if (!either.has_value()) either = other;
  if (!either.has_value()) return 0;
  const int64_t a = *either;
  const int64_t b = other.value_or(a);
  int64_t count = 0;
  for (size_t i = 0; i < ids.size(); ++i) {
    if (ids[i] == a || ids[i] == b) ++count;
  }
  return count;
}

}  // namespace emb
