// A whole answer from the messages that it came in.
#ifndef EMB_CLIENT_SRC_ASSEMBLE_ANSWER_H_
#define EMB_CLIENT_SRC_ASSEMBLE_ANSWER_H_

#include <vector>

#include "absl/status/statusor.h"
#include "client/src/split_answer.h"
#include "emb/lookup_result.h"
#include "emb/types.h"

namespace emb {

// `parts` is a whole answer in one message, or all parts of one in order.
// Values are copied into one buffer, each feature's on a 64-byte boundary.
//
// Errors   INTERNAL  the answer contradicts itself or `request`: not an
//                    answer of a sound server. What passes is safe to index
//                    by its shape, lengths and the request's ids.
absl::StatusOr<LookupResult> AssembleAnswer(
    const std::vector<SplitAnswer>& parts, const LookupRequest& request);

}  // namespace emb

#endif  // EMB_CLIENT_SRC_ASSEMBLE_ANSWER_H_
