// How the ids of a feature are arranged and what becomes of their rows.
#ifndef EMB_SERVER_FEATURE_SHAPE_H_
#define EMB_SERVER_FEATURE_SHAPE_H_

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/feature_plan.h"
#include "server/limits.h"
#include "server/lookup_request.h"

namespace emb {

// Sets `shape`, `values_bytes` and `combine` of a plan whose table and dtype
// are set.
// `path` names the feature in errors.
//
// Errors   INVALID_ARGUMENT  a shape that does not fit the ids; lengths or
//                            weights that do not; padding of what is not
//                            ragged or to a length outside [1,
//                            request_ids_max]; an unknown enum; more bytes
//                            than answer_bytes_max. Names the field.
absl::Status ArrangeFeature(const LookupFeature& feature,
                            const std::string& path, const Limits& limits,
                            FeaturePlan& plan);

}  // namespace emb

#endif  // EMB_SERVER_FEATURE_SHAPE_H_
