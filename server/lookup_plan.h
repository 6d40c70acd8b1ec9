// A lookup request, checked and ready to run.
#ifndef EMB_SERVER_LOOKUP_PLAN_H_
#define EMB_SERVER_LOOKUP_PLAN_H_

#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/authorizer.h"
#include "server/feature_plan.h"
#include "server/limits.h"
#include "server/lookup_request.h"
#include "server/registry.h"

namespace emb {

// One entry per feature, in request order; an error only if the request
// asked for partial answers.
using LookupPlan = std::vector<absl::StatusOr<FeaturePlan>>;

// Checks a whole request against one snapshot, before anything is allocated
// for its answer. Features that are wrong are counted as errors of their table.
// Without `caller` all tables may be used.
//
// Errors   INVALID_ARGUMENT  no features, a limit, a ragged or wrong shape.
//          OUT_OF_RANGE      an id outside the table.
//          PERMISSION_DENIED the caller may not use the table.
//          NOT_FOUND, DATA_LOSS  as Snapshot::Find.
//          Each names the feature and the field; the first one wins.
absl::StatusOr<LookupPlan> PlanLookup(const LookupView& request,
                                      const Snapshot& snapshot,
                                      const Limits& limits,
                                      const Caller* caller = nullptr);

}  // namespace emb

#endif  // EMB_SERVER_LOOKUP_PLAN_H_
