#include "core/pooling.h"

#include <algorithm>
#include <cassert>
#include <cstddef>

#include "absl/strings/str_cat.h"
#include "core/rows_ahead.h"
#include "core/simd_pooling.h"

namespace emb {
namespace {

// The rows of one bag that are there, and their weights if there are any.
// Cleared and filled again for each bag, so that memory is allocated once.
struct PresentRows {
  std::vector<const std::byte*> rows;
  std::vector<float> weights;
};

// Collects the next `count` rows, whose weights begin at `weights` if there are
// any.
void Collect(RowsAhead& ahead, size_t count, const float* weights,
             PresentRows& present) {
  present.rows.clear();
  present.weights.clear();
  for (size_t i = 0; i < count; ++i) {
    const std::byte* const row = ahead.Next();
    if (row == nullptr) continue;
    present.rows.push_back(row);
    if (weights != nullptr) present.weights.push_back(weights[i]);
  }
}

void Combine(PoolMode mode, const RowFormat& format, const PresentRows& present,
             Rounding rounding, absl::Span<std::byte> out) {
  const StoredRows rows = {format, present.rows};
  if (present.rows.empty()) {
    std::fill(out.begin(), out.end(), std::byte{0});
  } else if (mode == PoolMode::kMax) {
    MaxOfRows(rows, out.data());
  } else if (mode == PoolMode::kMean) {
    MeanOfRows(rows, out.data());
  } else if (!present.weights.empty()) {
    WeightedSumOfRows(rows, present.weights, rounding, out.data());
  } else {
    SumOfRows(rows, out.data());
  }
}

absl::Status ElementError(absl::string_view field, size_t index, int64_t given,
                          absl::string_view want) {
  return absl::InvalidArgumentError(
      absl::StrCat(field, "[", index, "] = ", given, ", want ", want));
}

}  // namespace

absl::StatusOr<PoolMode> ParsePoolMode(absl::string_view name) {
  if (name == "sum") return PoolMode::kSum;
  if (name == "mean") return PoolMode::kMean;
  if (name == "max") return PoolMode::kMax;
  return absl::InvalidArgumentError(absl::StrCat("pool: \"", name.substr(0, 64),
                                                 "\", want sum, mean or max"));
}

void PoolBags(const Table& table, PoolMode mode, const Bags& bags,
              const AbsentIds& absent, absl::Span<std::byte> out) {
  const auto bag_bytes = static_cast<size_t>(table.format().float_bytes());
  assert(out.size() == bags.lengths.size() * bag_bytes);
  const Rounding rounding =
      absent.has_padding() ? Rounding::kTwice : Rounding::kOnce;
  const float* weights = bags.weights.empty() ? nullptr : bags.weights.data();
  RowsAhead ahead(table, bags.ids, absent);
  PresentRows present;
  for (const int64_t length : bags.lengths) {
    const auto count = static_cast<size_t>(length);
    Collect(ahead, count, weights, present);
    Combine(mode, table.format(), present, rounding, out.first(bag_bytes));
    out.remove_prefix(bag_bytes);
    if (weights != nullptr) weights += count;
  }
}

absl::Status ValidateLengths(absl::Span<const int64_t> lengths,
                             int64_t num_ids) {
  int64_t sum = 0;
  for (size_t i = 0; i < lengths.size(); ++i) {
    if (lengths[i] < 0) {
      return ElementError("lengths", i, lengths[i], "at least 0");
    }
    // Compared so that no sum overflows.
    if (lengths[i] > num_ids - sum) {
      return ElementError("lengths", i, lengths[i],
                          absl::StrCat("at most ", num_ids - sum,
                                       ", as there are ", num_ids, " ids"));
    }
    sum += lengths[i];
  }
  if (sum == num_ids) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "lengths: they add up to ", sum, ", but there are ", num_ids, " ids"));
}

absl::Status ValidateWeights(PoolMode mode, int64_t num_weights,
                             int64_t num_ids) {
  if (num_weights == 0) return absl::OkStatus();
  if (mode != PoolMode::kSum) {
    return absl::InvalidArgumentError(
        absl::StrCat("weights: there are ", num_weights,
                     ", want none, only a sum may have them"));
  }
  if (num_weights == num_ids) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "weights: there are ", num_weights, ", want one per id: ", num_ids));
}

absl::StatusOr<std::vector<int64_t>> LengthsOfOffsets(
    absl::Span<const int64_t> offsets, int64_t num_ids,
    bool include_last_offset) {
  if (offsets.empty() && (include_last_offset || num_ids > 0)) {
    return absl::InvalidArgumentError("offsets: there are none, want one");
  }
  std::vector<int64_t> lengths;
  for (size_t i = 0; i < offsets.size(); ++i) {
    const int64_t low = i == 0 ? 0 : offsets[i - 1];
    const int64_t high = i == 0 ? 0 : num_ids;
    if (offsets[i] < low || offsets[i] > high) {
      return ElementError("offsets", i, offsets[i],
                          absl::StrCat("[", low, ", ", high, "]"));
    }
    if (i > 0) lengths.push_back(offsets[i] - low);
  }
  if (offsets.empty()) return lengths;
  if (!include_last_offset) {
    lengths.push_back(num_ids - offsets.back());
  } else if (offsets.back() != num_ids) {
    return ElementError("offsets", offsets.size() - 1, offsets.back(),
                        absl::StrCat(num_ids, ", the number of ids"));
  }
  return lengths;
}

}  // namespace emb
