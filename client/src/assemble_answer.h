// A whole answer from the messages that it came in.
#ifndef EMB_CLIENT_SRC_ASSEMBLE_ANSWER_H_
#define EMB_CLIENT_SRC_ASSEMBLE_ANSWER_H_

#include <cstddef>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "client/src/split_answer.h"
#include "emb/lookup_result.h"
#include "emb/types.h"

namespace emb {

// `parts` is a whole answer in one message, or all parts of one in order.
// Values are copied into `memory`, or a buffer of the result's own if there is
// none; each feature's at a multiple of 64 bytes from its beginning.
//
// Errors   INTERNAL  the answer contradicts itself or `request`: not an
//                    answer of a sound server. What passes is safe to index
//                    by its shape, lengths and the request's ids.
//          INVALID_ARGUMENT  `memory` is too small; names the bytes needed.
//          After either `memory` is as it was.
absl::StatusOr<LookupResult> AssembleAnswer(
    const std::vector<SplitAnswer>& parts, const LookupRequest& request,
    std::optional<absl::Span<std::byte>> memory = std::nullopt);

}  // namespace emb

#endif  // EMB_CLIENT_SRC_ASSEMBLE_ANSWER_H_
