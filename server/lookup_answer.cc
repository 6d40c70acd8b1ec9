#include "server/lookup_answer.h"

#include <utility>

#include "absl/memory/memory.h"
#include "core/status_macros.h"
#include "server/lookup_counts.h"

namespace emb {

absl::StatusOr<std::unique_ptr<LookupAnswer>> LookupAnswer::Make(
    const Registry& registry, const Limits& limits,
    std::unique_ptr<const DecodedLookup> request, const Caller* caller) {
  EMB_RETURN_IF_ERROR(registry.CheckLoaded());
  auto answer = absl::WrapUnique(new LookupAnswer);
  answer->request_ = std::move(request);
  const LookupView& view = answer->request_->view();
  // One snapshot per request: every feature sees the same epoch, however many
  // versions are published while it is answered.
  answer->snapshot_ = registry.snapshot();
  EMB_ASSIGN_OR_RETURN(answer->plan_,
                       PlanLookup(view, *answer->snapshot_, limits, caller));
  CountFeatures(view, answer->plan_, *answer->snapshot_);
  answer->reply_.emplace(*answer->snapshot_, view.request_id, answer->plan_);
  return answer;
}

std::unique_ptr<LookupAnswer> LookupAnswer::Failed(uint64_t request_id,
                                                   const absl::Status& status) {
  auto failed = absl::WrapUnique(new LookupAnswer);
  failed->failure_ = FailedReply(request_id, status);
  return failed;
}

int64_t LookupAnswer::values_bytes() const {
  int64_t bytes = 0;
  for (const auto& feature : plan_) {
    if (feature.ok()) bytes += feature->values_bytes;
  }
  return bytes;
}

std::optional<grpc::ByteBuffer> LookupAnswer::NextPart() {
  if (reply_.has_value()) return reply_->NextPart();
  return std::exchange(failure_, std::nullopt);
}

}  // namespace emb
