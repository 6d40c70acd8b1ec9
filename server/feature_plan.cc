#include "server/feature_plan.h"

#include <algorithm>
#include <cassert>
#include <numeric>

#include "core/simd_convert.h"

namespace emb {
namespace {

// Units `unit` and following, as many as `lengths` tells of, whose ids begin
// at `id`.
struct UnitRange {
  size_t unit;
  size_t num_units;
  size_t id;

  absl::Span<const int64_t> Of(const std::vector<int64_t>& lengths) const {
    return absl::MakeConstSpan(lengths).subspan(unit, num_units);
  }
};

size_t Sum(absl::Span<const int64_t> lengths) {
  return static_cast<size_t>(
      std::accumulate(lengths.begin(), lengths.end(), int64_t{0}));
}

// Each makes a range of units and returns how many ids they took.
size_t Run(const KeepApart& /*combine*/, const FeaturePlan& plan,
           const UnitRange& range, RowsAs as, absl::Span<std::byte> values) {
  GatherRows(*plan.table->rows, plan.ids.subspan(range.id, range.num_units),
             plan.absent, as, values);
  return range.num_units;
}

size_t Run(const PadSequences& pad, const FeaturePlan& plan,
           const UnitRange& range, RowsAs as, absl::Span<std::byte> values) {
  const auto lengths = range.Of(pad.lengths);
  const size_t num_ids = Sum(lengths);
  GatherPadded(*plan.table->rows, plan.ids.subspan(range.id, num_ids), lengths,
               pad.rule, plan.absent, as, values);
  return num_ids;
}

size_t Run(const PoolIntoBags& pool, const FeaturePlan& plan,
           const UnitRange& range, RowsAs /*as*/,
           absl::Span<std::byte> values) {
  Bags bags;
  bags.lengths = range.Of(pool.lengths);
  const size_t num_ids = Sum(bags.lengths);
  bags.ids = plan.ids.subspan(range.id, num_ids);
  if (!pool.weights.empty()) {
    bags.weights = pool.weights.subspan(range.id, num_ids);
  }
  PoolBags(*plan.table->rows, pool.mode, bags, plan.absent, values);
  return num_ids;
}

}  // namespace

int64_t FeaturePlan::num_units() const {
  if (const auto* const pad = std::get_if<PadSequences>(&combine)) {
    return static_cast<int64_t>(pad->lengths.size());
  }
  if (const auto* const pool = std::get_if<PoolIntoBags>(&combine)) {
    return static_cast<int64_t>(pool->lengths.size());
  }
  return static_cast<int64_t>(ids.size());
}

std::vector<int64_t> FeaturePlan::PaddedLengths() const {
  const auto* const pad = std::get_if<PadSequences>(&combine);
  if (pad == nullptr) return {};
  std::vector<int64_t> lengths = pad->lengths;
  for (int64_t& length : lengths) length = std::min(length, pad->rule.length);
  return lengths;
}

FeatureCursor::FeatureCursor(const FeaturePlan& plan)
    : plan_(plan),
      num_units_(plan.num_units()),
      unit_bytes_(num_units_ == 0 ? 0 : plan.values_bytes / num_units_) {}

void FeatureCursor::Take(int64_t num_units, RowsAs as,
                         absl::Span<std::byte> values) {
  const UnitRange range = {static_cast<size_t>(unit_),
                           static_cast<size_t>(num_units), id_};
  id_ += std::visit(
      [&](const auto& how) { return Run(how, plan_, range, as, values); },
      plan_.combine);
  unit_ += num_units;
}

void FeatureCursor::Execute(int64_t num_units, absl::Span<std::byte> values) {
  assert(num_units <= units_left());
  assert(static_cast<int64_t>(values.size()) == num_units * unit_bytes_);
  if (plan_.dtype == DType::kFloat32) {
    return Take(num_units, RowsAs::kFloat32, values);
  }
  const bool pooled = std::holds_alternative<PoolIntoBags>(plan_.combine);
  if (!pooled && plan_.dtype == plan_.table->rows->format().dtype) {
    return Take(num_units, RowsAs::kStored, values);
  }
  ExecuteAndRound(num_units, values);
}

// A few units at a time, so that they are still in the cache when they are
// rounded.
void FeatureCursor::ExecuteAndRound(int64_t num_units,
                                    absl::Span<std::byte> values) {
  constexpr int64_t kScratchElements = 8'192;
  const int64_t unit_elements = unit_bytes_ / 2;
  const int64_t step = std::max<int64_t>(
      1, kScratchElements / std::max<int64_t>(1, unit_elements));
  while (num_units > 0) {
    const int64_t taken = std::min(step, num_units);
    scratch_.resize(static_cast<size_t>(taken * unit_elements));
    Take(taken, RowsAs::kFloat32,
         {reinterpret_cast<std::byte*>(scratch_.data()),
          scratch_.size() * sizeof(float)});
    const auto out = values.first(2 * scratch_.size());
    if (plan_.dtype == DType::kFloat16) {
      ToFloat16(scratch_, out);
    } else {
      ToBFloat16(scratch_, out);
    }
    values.remove_prefix(out.size());
    num_units -= taken;
  }
}

}  // namespace emb
