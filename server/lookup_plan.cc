#include "server/lookup_plan.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "core/gather.h"
#include "core/status_macros.h"
#include "server/status_convert.h"

namespace emb {
namespace {

namespace pb = embedding::v1;

absl::Status Invalid(absl::string_view path, absl::string_view complaint) {
  return FieldError(absl::StatusCode::kInvalidArgument, path, complaint);
}

absl::Status Unimplemented(absl::string_view path) {
  return FieldError(absl::StatusCode::kUnimplemented, path,
                    ": this build does not have it");
}

// Which choices this build makes. One that it does not is refused by name:
// never a wrong answer.
absl::Status CheckChoices(const pb::Feature& feature, const std::string& path) {
  if (feature.has_ragged()) return Unimplemented(path + ".ragged");
  if (feature.has_pad()) return Unimplemented(path + ".pad");
  if (feature.has_pool()) return Unimplemented(path + ".pool");
  switch (feature.missing_ids()) {
    case pb::MISSING_IDS_UNSPECIFIED:
    case pb::MISSING_IDS_ERROR:
      break;
    case pb::MISSING_IDS_ZEROS:
      return Unimplemented(path + ".missing_ids");
    default:
      return Invalid(path + ".missing_ids",
                     absl::StrCat(" = ", feature.missing_ids(),
                                  ", which is no MissingIds"));
  }
  switch (feature.dtype()) {
    case pb::DTYPE_UNSPECIFIED:
    case pb::DTYPE_FLOAT32:
      return absl::OkStatus();
    case pb::DTYPE_FLOAT16:
    case pb::DTYPE_BFLOAT16:
      return Unimplemented(path + ".dtype");
    default:
      return Invalid(
          path + ".dtype",
          absl::StrCat(" = ", feature.dtype(),
                       ", want DTYPE_FLOAT32, _FLOAT16 or _BFLOAT16"));
  }
}

// Extents of the ids, whose product must be the number of ids.
absl::StatusOr<std::vector<int64_t>> DimsOf(const pb::Feature& feature,
                                            const std::string& path,
                                            const Limits& limits) {
  const int64_t num_ids = feature.ids_size();
  if (!feature.has_dense()) {
    if (num_ids == 0) {
      return Invalid(path + ".ids",
                     ": there are none; for an empty lookup give a dense "
                     "shape with an extent of 0");
    }
    return std::vector<int64_t>{num_ids};
  }
  const auto& dims = feature.dense().dims();
  if (dims.size() > limits.shape_dims_max) {
    return Invalid(path + ".dense.dims",
                   absl::StrCat(": ", dims.size(), " extents, want at most ",
                                limits.shape_dims_max));
  }
  int64_t product = 1;
  for (int i = 0; i < dims.size(); ++i) {
    if (dims[i] < 0) {
      return Invalid(absl::StrCat(path, ".dense.dims[", i, "]"),
                     absl::StrCat(" = ", dims[i], ", want at least 0"));
    }
    if (__builtin_mul_overflow(product, dims[i], &product)) {
      return Invalid(path + ".dense.dims", ": their product is beyond 2^63");
    }
  }
  if (product != num_ids) {
    return Invalid(
        path + ".dense.dims",
        absl::StrCat(": room for ", product, " ids, but there are ", num_ids));
  }
  return std::vector<int64_t>(dims.begin(), dims.end());
}

absl::Status CheckIds(const FeaturePlan& plan, const std::string& path) {
  const int64_t num_rows = plan.table->record.spec.num_rows;
  const auto bad = FindIdOutside(plan.ids, num_rows, plan.padding_id);
  if (!bad.has_value()) return absl::OkStatus();
  return FieldError(
      absl::StatusCode::kOutOfRange, absl::StrCat(path, ".ids[", *bad, "]"),
      absl::StrCat(" = ", plan.ids[*bad], ", want [0, ", num_rows,
                   ") of table \"", plan.table->record.spec.name, "\""));
}

absl::StatusOr<FeaturePlan> PlanFeature(const pb::Feature& feature,
                                        const std::string& path,
                                        const Snapshot& snapshot,
                                        const Limits& limits) {
  EMB_RETURN_IF_ERROR(CheckChoices(feature, path));
  FeaturePlan plan;
  const auto table = snapshot.Find(feature.table(), feature.version());
  if (!table.ok()) {
    return FieldError(table.status().code(), path,
                      absl::StrCat(": ", table.status().message()));
  }
  plan.table = *table;
  plan.ids = {feature.ids().data(), static_cast<size_t>(feature.ids_size())};
  if (feature.has_padding_id()) plan.padding_id = feature.padding_id();
  EMB_ASSIGN_OR_RETURN(plan.shape, DimsOf(feature, path, limits));
  plan.shape.push_back(plan.table->record.spec.dim);
  EMB_RETURN_IF_ERROR(CheckIds(plan, path));
  return plan;
}

absl::Status CheckCounts(const pb::LookupRequest& request,
                         const Limits& limits) {
  if (request.features().empty()) {
    return Invalid("features", ": there are none, want at least 1");
  }
  if (request.features_size() > limits.request_features_max) {
    return Invalid(
        "features",
        absl::StrCat(": there are ", request.features_size(), ", want at most ",
                     limits.request_features_max));
  }
  int64_t ids = 0;
  for (const pb::Feature& feature : request.features()) {
    ids += feature.ids_size();
  }
  if (ids > limits.request_ids_max) {
    return Invalid("features",
                   absl::StrCat(": ", ids, " ids in all, want at most ",
                                limits.request_ids_max));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<LookupPlan> PlanLookup(const pb::LookupRequest& request,
                                      const Snapshot& snapshot,
                                      const Limits& limits) {
  EMB_RETURN_IF_ERROR(CheckCounts(request, limits));
  LookupPlan plan;
  plan.reserve(static_cast<size_t>(request.features_size()));
  int64_t bytes = 0;
  for (int i = 0; i < request.features_size(); ++i) {
    auto feature =
        PlanFeature(request.features(i), absl::StrCat("features[", i, "]"),
                    snapshot, limits);
    if (!feature.ok() && !request.partial()) return feature.status();
    if (feature.ok()) bytes += feature->values_bytes();
    plan.push_back(std::move(feature));
  }
  if (bytes > limits.answer_bytes_max) {
    return Invalid("features", absl::StrCat(": the answer would be ", bytes,
                                            " bytes, want at most ",
                                            limits.answer_bytes_max));
  }
  return plan;
}

}  // namespace emb
