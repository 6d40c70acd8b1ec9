// A lookup request, checked and ready to run.
#ifndef EMB_SERVER_LOOKUP_PLAN_H_
#define EMB_SERVER_LOOKUP_PLAN_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "embedding/v1/lookup.pb.h"
#include "server/limits.h"
#include "server/registry.h"

namespace emb {

// One feature that will succeed: its table is there and its ids are in range.
// Refers to the request and the snapshot it was made from.
struct FeaturePlan {
  const ServedTable* table = nullptr;
  absl::Span<const int64_t> ids;
  std::optional<int64_t> padding_id;
  std::vector<int64_t> shape;  // Of the result, the dim last.

  int64_t values_bytes() const {
    return static_cast<int64_t>(ids.size()) * table->rows->row_bytes();
  }
};

// One entry per feature, in request order; an error only if the request
// asked for partial answers.
using LookupPlan = std::vector<absl::StatusOr<FeaturePlan>>;

// Checks a whole request against one snapshot, before anything is allocated
// for its answer.
//
// Errors   INVALID_ARGUMENT  no features, a limit, a ragged or wrong shape.
//          OUT_OF_RANGE      an id outside the table.
//          NOT_FOUND, DATA_LOSS  as Snapshot::Find.
//          UNIMPLEMENTED     a choice this build does not make.
//          Each names the feature and the field; the first one wins.
absl::StatusOr<LookupPlan> PlanLookup(
    const embedding::v1::LookupRequest& request, const Snapshot& snapshot,
    const Limits& limits);

}  // namespace emb

#endif  // EMB_SERVER_LOOKUP_PLAN_H_
