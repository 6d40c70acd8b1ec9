#include "server/feature_plan.h"

#include <algorithm>

namespace emb {
namespace {

void Run(const KeepApart& /*combine*/, const FeaturePlan& plan,
         absl::Span<std::byte> values) {
  GatherRows(*plan.table->rows, plan.ids, plan.absent, values);
}

void Run(const PadSequences& pad, const FeaturePlan& plan,
         absl::Span<std::byte> values) {
  GatherPadded(*plan.table->rows, plan.ids, pad.lengths, pad.rule, plan.absent,
               values);
}

void Run(const PoolIntoBags& pool, const FeaturePlan& plan,
         absl::Span<std::byte> values) {
  PoolBags(
      *plan.table->rows, pool.mode, {plan.ids, pool.lengths, pool.weights},
      plan.absent,
      {reinterpret_cast<float*>(values.data()), values.size() / sizeof(float)});
}

}  // namespace

void FeaturePlan::Execute(absl::Span<std::byte> values) const {
  std::visit([&](const auto& how) { Run(how, *this, values); }, combine);
}

std::vector<int64_t> FeaturePlan::PaddedLengths() const {
  const auto* const pad = std::get_if<PadSequences>(&combine);
  if (pad == nullptr) return {};
  std::vector<int64_t> lengths = pad->lengths;
  for (int64_t& length : lengths) length = std::min(length, pad->rule.length);
  return lengths;
}

}  // namespace emb
