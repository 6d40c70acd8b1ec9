#include "server/lookup_answer.h"

#include <utility>

#include "absl/memory/memory.h"
#include "core/status_macros.h"

namespace emb {

absl::StatusOr<std::unique_ptr<LookupAnswer>> LookupAnswer::Make(
    const Registry& registry, const Limits& limits,
    std::unique_ptr<const DecodedLookup> request) {
  EMB_RETURN_IF_ERROR(registry.CheckLoaded());
  auto answer = absl::WrapUnique(new LookupAnswer);
  answer->request_ = std::move(request);
  const LookupView& view = answer->request_->view();
  // One snapshot per request: every feature sees the same epoch, however many
  // versions are published while it is answered.
  answer->snapshot_ = registry.snapshot();
  EMB_ASSIGN_OR_RETURN(answer->plan_,
                       PlanLookup(view, *answer->snapshot_, limits));
  answer->reply_.emplace(*answer->snapshot_, view.request_id, answer->plan_);
  return answer;
}

std::unique_ptr<LookupAnswer> LookupAnswer::MakeOrFail(
    const Registry& registry, const Limits& limits,
    const grpc::ByteBuffer& message) {
  uint64_t request_id = 0;
  auto request = DecodedLookup::Decode(message, limits);
  absl::Status status = request.status();
  if (status.ok()) {
    request_id = (*request)->view().request_id;
    auto answer = Make(registry, limits, *std::move(request));
    if (answer.ok()) return *std::move(answer);
    status = answer.status();
  }
  auto failed = absl::WrapUnique(new LookupAnswer);
  failed->failure_ = FailedReply(request_id, status);
  return failed;
}

std::optional<grpc::ByteBuffer> LookupAnswer::NextPart() {
  if (reply_.has_value()) return reply_->NextPart();
  return std::exchange(failure_, std::nullopt);
}

}  // namespace emb
