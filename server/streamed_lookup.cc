#include "server/streamed_lookup.h"

#include <algorithm>
#include <utility>

#include "core/status_macros.h"
#include "server/decoded_lookup.h"
#include "server/lookup_reply.h"

namespace emb {

StreamedLookup::StreamedLookup(const LookupService::Dependencies& deps,
                               const grpc::ServerContextBase& context,
                               const grpc::ByteBuffer& request)
    : deps_(deps),
      place_(deps.in_flight),
      record_(deps.metrics, deps.log, "LookupStream", nullptr) {
  deps_.stream_calls.received.Add();
  auto answer = Make(context, request);
  if (answer.ok()) {
    answer_ = *std::move(answer);
  } else {
    answer_ = LookupAnswer::Failed(request_id_, record_.End(answer.status()));
  }
}

absl::StatusOr<std::unique_ptr<LookupAnswer>> StreamedLookup::Make(
    const grpc::ServerContextBase& context, const grpc::ByteBuffer& request) {
  const auto limits = deps_.limits.Get();
  EMB_ASSIGN_OR_RETURN(auto decoded, DecodedLookup::Decode(request, *limits));
  request_id_ = decoded->view().request_id;
  record_.Describe(decoded->view());
  // Each time: a token may have been withdrawn since.
  EMB_ASSIGN_OR_RETURN(const Caller caller,
                       deps_.authorizer.Authorize(context, Role::kRead));
  record_.set_token_name(caller.token_name());
  if (place_.is_too_many()) return record_.Shed(ShedReason::kRequests);
  EMB_ASSIGN_OR_RETURN(
      auto answer,
      LookupAnswer::Make(deps_.registry, *limits, std::move(decoded), &caller));
  // Of the answer no more than a part is in memory.
  const int64_t bytes =
      static_cast<int64_t>(request.Length()) +
      std::min(answer->values_bytes(), LookupReply::kPartBytes);
  if (!place_.TakeBytes(bytes)) return record_.Shed(ShedReason::kBytes);
  return answer;
}

std::optional<grpc::ByteBuffer> StreamedLookup::NextPart() {
  auto part = answer_->NextPart();
  if (part.has_value()) deps_.stream_calls.sent.Add();
  return part;
}

}  // namespace emb
