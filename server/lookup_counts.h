// What a lookup asks of its tables, counted.
#ifndef EMB_SERVER_LOOKUP_COUNTS_H_
#define EMB_SERVER_LOOKUP_COUNTS_H_

#include "server/lookup_plan.h"
#include "server/lookup_request.h"
#include "server/registry.h"

namespace emb {

// Counts every feature of a lookup that is going to be answered.
//
// Cost     A pass over the ids of features with a padding id, and of the bits
//          of missing ones.
void CountFeatures(const LookupView& request, const LookupPlan& plan,
                   const Snapshot& snapshot);

}  // namespace emb

#endif  // EMB_SERVER_LOOKUP_COUNTS_H_
