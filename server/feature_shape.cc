#include "server/feature_shape.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "core/status_macros.h"
#include "server/status_convert.h"

namespace emb {
namespace {

namespace pb = embedding::v1;

using Int64s = absl::Span<const int64_t>;

// Puts a field's path before core's complaint: "lengths[2] = ..." becomes
// "features[0].ragged.lengths[2] = ...".
absl::Status Below(absl::string_view path, const absl::Status& status) {
  if (status.ok()) return status;
  const absl::string_view message = status.message();
  const size_t end = std::min(message.find(' '), message.find(':'));
  return FieldError(status.code(),
                    absl::StrCat(path, ".", message.substr(0, end)),
                    message.substr(end));
}

// Multiplies `product` by all extents, false if the result is beyond int64. An
// extent of 0 makes it 0, however large the others are.
template <typename Extents>
bool MultiplyAll(const Extents& extents, int64_t& product) {
  if (std::find(extents.begin(), extents.end(), 0) != extents.end()) {
    product = 0;
  }
  return std::none_of(extents.begin(), extents.end(), [&](int64_t extent) {
    return __builtin_mul_overflow(product, extent, &product);
  });
}

Int64s LengthsOf(const pb::Feature& feature) {
  const auto& lengths = feature.ragged().lengths();
  return {lengths.data(), static_cast<size_t>(lengths.size())};
}

// Extents of dense ids, whose product must be the number of ids. Unset: one
// axis of all of them.
absl::StatusOr<std::vector<int64_t>> DimsOf(const pb::Feature& feature,
                                            const std::string& path,
                                            const Limits& limits) {
  const int64_t num_ids = feature.ids_size();
  if (!feature.has_dense()) {
    if (num_ids == 0) {
      return InvalidField(path + ".ids",
                          ": there are none; for an empty lookup give a dense "
                          "shape with an extent of 0");
    }
    return std::vector<int64_t>{num_ids};
  }
  const auto& dims = feature.dense().dims();
  if (dims.size() > limits.shape_dims_max) {
    return InvalidField(
        path + ".dense.dims",
        absl::StrCat(": ", dims.size(), " extents, want at most ",
                     limits.shape_dims_max));
  }
  for (int i = 0; i < dims.size(); ++i) {
    if (dims[i] < 0) {
      return InvalidField(absl::StrCat(path, ".dense.dims[", i, "]"),
                          absl::StrCat(" = ", dims[i], ", want at least 0"));
    }
  }
  int64_t product = 1;
  if (!MultiplyAll(dims, product)) {
    return InvalidField(path + ".dense.dims", ": their product is beyond 2^63");
  }
  if (product != num_ids) {
    return InvalidField(
        path + ".dense.dims",
        absl::StrCat(": room for ", product, " ids, but there are ", num_ids));
  }
  return std::vector<int64_t>(dims.begin(), dims.end());
}

// Appends the dim to plan.shape and counts bytes, before anything of that
// size is allocated.
absl::Status FinishShape(const std::string& path, const Limits& limits,
                         FeaturePlan& plan) {
  plan.shape.push_back(plan.table->record.spec.dim);
  auto bytes = static_cast<int64_t>(sizeof(float));
  const bool fits = MultiplyAll(plan.shape, bytes);
  if (!fits || bytes > limits.answer_bytes_max) {
    return InvalidField(
        path, absl::StrCat(": the answer would be ",
                           fits ? absl::StrCat(bytes) : "over 2^63",
                           " bytes, want at most ", limits.answer_bytes_max));
  }
  plan.values_bytes = bytes;
  return absl::OkStatus();
}

absl::StatusOr<PadRule> PadRuleOf(const pb::Feature& feature,
                                  const std::string& path,
                                  const Limits& limits) {
  const pb::Pad& pad = feature.pad();
  PadRule rule;
  const Int64s lengths = LengthsOf(feature);
  if (!lengths.empty()) {
    rule.length = *std::max_element(lengths.begin(), lengths.end());
  }
  if (pad.has_length()) rule.length = pad.length();
  if (pad.has_length() &&
      (rule.length < 1 || rule.length > limits.request_ids_max)) {
    return InvalidField(path + ".pad.length",
                        absl::StrCat(" = ", rule.length, ", want 1 to ",
                                     limits.request_ids_max));
  }
  if (!pb::Pad::Side_IsValid(pad.side())) {
    return InvalidField(path + ".pad.side",
                        absl::StrCat(" = ", pad.side(), ", which is no Side"));
  }
  if (!pb::Pad::Keep_IsValid(pad.keep())) {
    return InvalidField(path + ".pad.keep",
                        absl::StrCat(" = ", pad.keep(), ", which is no Keep"));
  }
  if (pad.side() == pb::Pad::SIDE_LEFT) rule.side = PadRule::Side::kLeft;
  if (pad.keep() == pb::Pad::KEEP_LAST) rule.keep = PadRule::Keep::kLast;
  return rule;
}

absl::Status ArrangePadded(const pb::Feature& feature, const std::string& path,
                           const Limits& limits, FeaturePlan& plan) {
  if (!feature.has_ragged()) {
    return InvalidField(path + ".pad",
                        ": want it with ragged ids, others have one length");
  }
  const Int64s lengths = LengthsOf(feature);
  EMB_ASSIGN_OR_RETURN(const PadRule rule, PadRuleOf(feature, path, limits));
  plan.shape = {static_cast<int64_t>(lengths.size()), rule.length};
  EMB_RETURN_IF_ERROR(FinishShape(path, limits, plan));
  plan.combine = PadSequences{{lengths.begin(), lengths.end()}, rule};
  return absl::OkStatus();
}

absl::StatusOr<PoolMode> PoolModeOf(const pb::Pool& pool,
                                    const std::string& path) {
  switch (pool.mode()) {
    case pb::Pool::MODE_SUM:
      return PoolMode::kSum;
    case pb::Pool::MODE_MEAN:
      return PoolMode::kMean;
    case pb::Pool::MODE_MAX:
      return PoolMode::kMax;
    default:
      return InvalidField(
          path + ".pool.mode",
          absl::StrCat(" = ", pool.mode(),
                       ", want MODE_SUM, MODE_MEAN or MODE_MAX"));
  }
}

absl::Status ArrangePooled(const pb::Feature& feature, const std::string& path,
                           const Limits& limits, FeaturePlan& plan) {
  const auto& weights = feature.pool().weights();
  PoolIntoBags pool;
  EMB_ASSIGN_OR_RETURN(pool.mode, PoolModeOf(feature.pool(), path));
  EMB_RETURN_IF_ERROR(
      Below(path + ".pool",
            ValidateWeights(pool.mode, weights.size(), feature.ids_size())));
  pool.weights = {weights.data(), static_cast<size_t>(weights.size())};
  if (feature.has_ragged()) {
    const Int64s lengths = LengthsOf(feature);
    pool.lengths.assign(lengths.begin(), lengths.end());
    plan.shape = {static_cast<int64_t>(lengths.size())};
    EMB_RETURN_IF_ERROR(FinishShape(path, limits, plan));
  } else {
    EMB_ASSIGN_OR_RETURN(plan.shape, DimsOf(feature, path, limits));
    if (plan.shape.empty()) {
      return InvalidField(path + ".pool",
                          ": want ids with an axis to pool over");
    }
    const int64_t length = plan.shape.back();
    // As in PyTorch; and so there are no more bags than ids.
    if (length == 0) {
      return InvalidField(path + ".pool",
                          ": want a last axis of at least 1, or ragged ids");
    }
    plan.shape.pop_back();
    EMB_RETURN_IF_ERROR(FinishShape(path, limits, plan));
    pool.lengths.assign(static_cast<size_t>(feature.ids_size() / length),
                        length);
  }
  plan.combine = std::move(pool);
  return absl::OkStatus();
}

}  // namespace

absl::Status ArrangeFeature(const pb::Feature& feature, const std::string& path,
                            const Limits& limits, FeaturePlan& plan) {
  if (feature.has_ragged()) {
    EMB_RETURN_IF_ERROR(
        Below(path + ".ragged",
              ValidateLengths(LengthsOf(feature), feature.ids_size())));
  }
  if (feature.has_pad()) return ArrangePadded(feature, path, limits, plan);
  if (feature.has_pool()) return ArrangePooled(feature, path, limits, plan);
  if (feature.has_ragged()) {
    plan.shape = {feature.ids_size()};
  } else {
    EMB_ASSIGN_OR_RETURN(plan.shape, DimsOf(feature, path, limits));
  }
  return FinishShape(path, limits, plan);
}

}  // namespace emb
