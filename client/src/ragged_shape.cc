#include <cstddef>

#include "absl/strings/str_cat.h"
#include "emb/types.h"

namespace emb {
namespace {

absl::Status OffsetError(size_t position, int64_t given, int64_t low,
                         int64_t high) {
  return absl::InvalidArgumentError(absl::StrCat(
      "offsets[", position, "] = ", given, ", want [", low, ", ", high, "]"));
}

}  // namespace

absl::StatusOr<RaggedShape> RaggedShape::FromOffsets(
    const std::vector<int64_t>& offsets, int64_t num_ids,
    bool include_last_offset) {
  // One more than there are sequences: where each begins, and the end.
  std::vector<int64_t> bounds = offsets;
  if (!include_last_offset) bounds.push_back(num_ids);
  if (bounds.empty() || (offsets.empty() && num_ids > 0)) {
    return absl::InvalidArgumentError("offsets: there are none, want one");
  }
  if (bounds[0] != 0) return OffsetError(0, bounds[0], 0, 0);
  RaggedShape shape;
  for (size_t i = 1; i < bounds.size(); ++i) {
    if (bounds[i] < bounds[i - 1] || bounds[i] > num_ids) {
      return OffsetError(i, bounds[i], bounds[i - 1], num_ids);
    }
    shape.lengths.push_back(bounds[i] - bounds[i - 1]);
  }
  if (bounds.back() != num_ids) {
    return OffsetError(bounds.size() - 1, bounds.back(), num_ids, num_ids);
  }
  return shape;
}

}  // namespace emb
