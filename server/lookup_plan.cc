#include "server/lookup_plan.h"

#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "core/absent_ids.h"
#include "core/status_macros.h"
#include "embedding/v1/lookup.pb.h"
#include "server/byte_size.h"
#include "server/feature_shape.h"
#include "server/status_convert.h"

namespace emb {
namespace {

namespace pb = embedding::v1;

absl::StatusOr<DType> DTypeOf(const LookupFeature& feature,
                              const std::string& path) {
  switch (feature.dtype) {
    case pb::DTYPE_UNSPECIFIED:
    case pb::DTYPE_FLOAT32:
      return DType::kFloat32;
    case pb::DTYPE_FLOAT16:
      return DType::kFloat16;
    case pb::DTYPE_BFLOAT16:
      return DType::kBFloat16;
    default:
      return InvalidField(
          path + ".dtype",
          absl::StrCat(" = ", feature.dtype,
                       ", want DTYPE_FLOAT32, _FLOAT16 or _BFLOAT16"));
  }
}

absl::StatusOr<bool> MissingAreZeros(const LookupFeature& feature,
                                     const std::string& path) {
  switch (feature.missing_ids) {
    case pb::MISSING_IDS_UNSPECIFIED:
    case pb::MISSING_IDS_ERROR:
      return false;
    case pb::MISSING_IDS_ZEROS:
      return true;
    default:
      return InvalidField(
          path + ".missing_ids",
          absl::StrCat(" = ", feature.missing_ids, ", which is no MissingIds"));
  }
}

// Sets the ids of a plan whose table is set, and which of them are absent.
absl::Status PlanIds(const LookupFeature& feature, const std::string& path,
                     FeaturePlan& plan) {
  EMB_ASSIGN_OR_RETURN(const bool zeros, MissingAreZeros(feature, path));
  const TableSpec& spec = plan.table->record.spec;
  plan.ids = feature.ids;
  const std::optional<int64_t> padding_id = feature.padding_id;
  // In a sequence the table's padding row is a row: zeros, or as it was kept.
  plan.absent = std::holds_alternative<PoolRequest>(feature.combine)
                    ? AbsentIds(spec.num_rows, padding_id, spec.padding_idx)
                    : AbsentIds(spec.num_rows, padding_id);
  if (zeros) {
    plan.missing = MarkIdsOutside(plan.ids, spec.num_rows, padding_id);
    return absl::OkStatus();
  }
  const auto bad = FindIdOutside(plan.ids, spec.num_rows, padding_id);
  if (!bad.has_value()) return absl::OkStatus();
  return FieldError(
      absl::StatusCode::kOutOfRange, absl::StrCat(path, ".ids[", *bad, "]"),
      absl::StrCat(" = ", plan.ids[*bad], ", want [0, ", spec.num_rows,
                   ") of table \"", spec.name, "\""));
}

absl::StatusOr<FeaturePlan> PlanFeature(const LookupFeature& feature,
                                        const std::string& path,
                                        const Snapshot& snapshot,
                                        const Limits& limits,
                                        const Caller* caller) {
  FeaturePlan plan;
  EMB_ASSIGN_OR_RETURN(plan.dtype, DTypeOf(feature, path));
  // Before it is looked for: whether there is such a table is not told.
  if (caller != nullptr && !caller->MayUse(feature.table)) {
    return FieldError(
        absl::StatusCode::kPermissionDenied, path,
        absl::StrCat(": ", caller->CheckMayUse(feature.table).message()));
  }
  const auto table = snapshot.Find(feature.table, feature.version);
  if (!table.ok()) {
    return FieldError(table.status().code(), path,
                      absl::StrCat(": ", table.status().message()));
  }
  plan.table = *table;
  EMB_RETURN_IF_ERROR(ArrangeFeature(feature, path, limits, plan));
  EMB_RETURN_IF_ERROR(PlanIds(feature, path, plan));
  return plan;
}

absl::Status CheckCounts(const LookupView& request, const Limits& limits) {
  if (request.features.empty()) {
    return InvalidField("features", ": there are none, want at least 1");
  }
  int64_t ids = 0;
  for (const LookupFeature& feature : request.features) {
    ids += feature.num_ids();
  }
  if (ids > limits.request_ids_max) {
    return InvalidField(
        "features",
        absl::StrCat(": ", ids, " ids in all, want at most ",
                     limits.request_ids_max, " (--request_ids_max)"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<LookupPlan> PlanLookup(const LookupView& request,
                                      const Snapshot& snapshot,
                                      const Limits& limits,
                                      const Caller* caller) {
  EMB_RETURN_IF_ERROR(CheckCounts(request, limits));
  LookupPlan plan;
  plan.reserve(request.features.size());
  int64_t bytes = 0;
  for (size_t i = 0; i < request.features.size(); ++i) {
    auto feature =
        PlanFeature(request.features[i], absl::StrCat("features[", i, "]"),
                    snapshot, limits, caller);
    if (!feature.ok()) {
      snapshot.CountersOf(request.features[i].table)
          .CountError(feature.status().code());
    }
    if (!feature.ok() && !request.partial) return feature.status();
    if (feature.ok()) bytes += feature->values_bytes;
    // Here, so that plans do not pile up for an answer that is too large.
    if (bytes > limits.answer_bytes_max) {
      return InvalidField("features",
                          absl::StrCat(": the answer would be over ",
                                       FormatByteSize(limits.answer_bytes_max),
                                       " (--answer_bytes_max)"));
    }
    plan.push_back(std::move(feature));
  }
  return plan;
}

}  // namespace emb
