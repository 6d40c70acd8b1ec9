#include "server/feature_shape.h"

#include <algorithm>
#include <limits>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "core/status_macros.h"
#include "embedding/v1/lookup.pb.h"
#include "server/byte_size.h"
#include "server/status_convert.h"

namespace emb {
namespace {

namespace pb = embedding::v1;

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

const std::vector<int64_t>& LengthsOf(const LookupFeature& feature) {
  return std::get<RaggedIds>(feature.shape).lengths;
}

// Extents of dense ids, whose product must be the number of ids. Unset: one
// axis of all of them.
absl::StatusOr<std::vector<int64_t>> DimsOf(const LookupFeature& feature,
                                            const std::string& path,
                                            const Limits& limits) {
  const int64_t num_ids = feature.num_ids();
  const auto* const dense = std::get_if<DenseIds>(&feature.shape);
  if (dense == nullptr) {
    if (num_ids == 0) {
      return InvalidField(path + ".ids",
                          ": there are none; for an empty lookup give a dense "
                          "shape with an extent of 0");
    }
    return std::vector<int64_t>{num_ids};
  }
  const std::vector<int64_t>& dims = dense->dims;
  if (static_cast<int64_t>(dims.size()) > limits.shape_dims_max) {
    return InvalidField(
        path + ".dense.dims",
        absl::StrCat(": ", dims.size(), " extents, want at most ",
                     limits.shape_dims_max, " (--shape_dims_max)"));
  }
  for (size_t i = 0; i < dims.size(); ++i) {
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
  return dims;
}

// Appends the dim to plan.shape and counts bytes, before anything of that
// size is allocated.
absl::Status FinishShape(const std::string& path, const Limits& limits,
                         FeaturePlan& plan) {
  plan.shape.push_back(plan.table->record.spec.dim);
  int64_t bytes = RowBytes(plan.dtype, 1);
  const bool fits = MultiplyAll(plan.shape, bytes);
  if (!fits || bytes > limits.answer_bytes_max) {
    return InvalidField(
        path,
        absl::StrCat(": the answer would be ",
                     fits ? FormatByteSize(bytes) : "over 2^63 bytes",
                     ", want at most ", FormatByteSize(limits.answer_bytes_max),
                     " (--answer_bytes_max)"));
  }
  plan.values_bytes = bytes;
  return absl::OkStatus();
}

absl::StatusOr<PadRule> PadRuleOf(const PadRequest& pad,
                                  const std::vector<int64_t>& lengths,
                                  const std::string& path,
                                  const Limits& limits) {
  PadRule rule;
  if (!lengths.empty()) {
    rule.length = *std::max_element(lengths.begin(), lengths.end());
  }
  if (pad.length.has_value()) {
    rule.length = *pad.length;
    if (rule.length < 1 || rule.length > limits.request_ids_max) {
      return InvalidField(
          path + ".pad.length",
          absl::StrCat(" = ", rule.length, ", want 1 to ",
                       limits.request_ids_max, " (--request_ids_max)"));
    }
  }
  if (!pb::Pad::Side_IsValid(pad.side)) {
    return InvalidField(path + ".pad.side",
                        absl::StrCat(" = ", pad.side, ", which is no Side"));
  }
  if (!pb::Pad::Keep_IsValid(pad.keep)) {
    return InvalidField(path + ".pad.keep",
                        absl::StrCat(" = ", pad.keep, ", which is no Keep"));
  }
  if (pad.side == pb::Pad::SIDE_LEFT) rule.side = PadRule::Side::kLeft;
  if (pad.keep == pb::Pad::KEEP_LAST) rule.keep = PadRule::Keep::kLast;
  return rule;
}

absl::Status ArrangePadded(const LookupFeature& feature, const PadRequest& pad,
                           const std::string& path, const Limits& limits,
                           FeaturePlan& plan) {
  if (!std::holds_alternative<RaggedIds>(feature.shape)) {
    return InvalidField(path + ".pad",
                        ": want it with ragged ids, others have one length");
  }
  const std::vector<int64_t>& lengths = LengthsOf(feature);
  EMB_ASSIGN_OR_RETURN(const PadRule rule,
                       PadRuleOf(pad, lengths, path, limits));
  plan.shape = {static_cast<int64_t>(lengths.size()), rule.length};
  EMB_RETURN_IF_ERROR(FinishShape(path, limits, plan));
  plan.combine = PadSequences{lengths, rule};
  return absl::OkStatus();
}

absl::StatusOr<PoolMode> PoolModeOf(int mode, const std::string& path) {
  switch (mode) {
    case pb::Pool::MODE_SUM:
      return PoolMode::kSum;
    case pb::Pool::MODE_MEAN:
      return PoolMode::kMean;
    case pb::Pool::MODE_MAX:
      return PoolMode::kMax;
    default:
      return InvalidField(
          path + ".pool.mode",
          absl::StrCat(" = ", mode, ", want MODE_SUM, MODE_MEAN or MODE_MAX"));
  }
}

absl::Status ArrangePooled(const LookupFeature& feature,
                           const PoolRequest& request, const std::string& path,
                           const Limits& limits, FeaturePlan& plan) {
  PoolIntoBags pool;
  EMB_ASSIGN_OR_RETURN(pool.mode, PoolModeOf(request.mode, path));
  EMB_RETURN_IF_ERROR(Below(
      path + ".pool",
      ValidateWeights(pool.mode, static_cast<int64_t>(request.weights.size()),
                      feature.num_ids())));
  pool.weights = request.weights;
  if (std::holds_alternative<RaggedIds>(feature.shape)) {
    pool.lengths = LengthsOf(feature);
    plan.shape = {static_cast<int64_t>(pool.lengths.size())};
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
    pool.lengths.assign(static_cast<size_t>(feature.num_ids() / length),
                        length);
  }
  plan.combine = std::move(pool);
  return absl::OkStatus();
}

}  // namespace

absl::Status ArrangeFeature(const LookupFeature& feature,
                            const std::string& path, const Limits& limits,
                            FeaturePlan& plan) {
  const bool ragged = std::holds_alternative<RaggedIds>(feature.shape);
  if (ragged) {
    EMB_RETURN_IF_ERROR(
        Below(path + ".ragged",
              ValidateLengths(LengthsOf(feature), feature.num_ids())));
  }
  if (const auto* const pad = std::get_if<PadRequest>(&feature.combine)) {
    return ArrangePadded(feature, *pad, path, limits, plan);
  }
  if (const auto* const pool = std::get_if<PoolRequest>(&feature.combine)) {
    return ArrangePooled(feature, *pool, path, limits, plan);
  }
  if (ragged) {
    plan.shape = {feature.num_ids()};
  } else {
    EMB_ASSIGN_OR_RETURN(plan.shape, DimsOf(feature, path, limits));
  }
  return FinishShape(path, limits, plan);
}

}  // namespace emb
