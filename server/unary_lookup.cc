#include "server/unary_lookup.h"

#include <utility>

#include "core/status_macros.h"
#include "server/call_state.h"
#include "server/decoded_lookup.h"
#include "server/lookup_answer.h"
#include "server/status_convert.h"

namespace emb {

UnaryLookup::UnaryLookup(const LookupService::Dependencies& deps,
                         grpc::CallbackServerContext& context,
                         const grpc::ByteBuffer& request,
                         grpc::ByteBuffer& response,
                         grpc::ServerUnaryReactor& reactor)
    : deps_(deps),
      context_(context),
      request_(request),
      response_(response),
      reactor_(reactor),
      place_(std::make_shared<InFlight::Place>(deps.in_flight)) {
  deps_.lookup_calls.started.Add();
  deps_.lookup_calls.received.Add();
  record_.emplace(deps_.metrics, deps_.log, "Lookup", &context_);
}

void UnaryLookup::Run(std::optional<ShedReason> shed) {
  const absl::Status status =
      shed.has_value() ? record_->Shed(*shed) : record_->End(Answer());
  // Counted before the caller can know of it.
  deps_.lookup_calls.CountHandled(status.code(), record_->elapsed());
  if (status.ok()) deps_.lookup_calls.sent.Add();
  record_.reset();
  place_.reset();
  reactor_.Finish(ToGrpcStatus(status));
}

absl::Status UnaryLookup::Answer() {
  EMB_ASSIGN_OR_RETURN(const Caller caller,
                       deps_.authorizer.Authorize(context_, Role::kRead));
  record_->set_token_name(caller.token_name());
  EMB_RETURN_IF_ERROR(CheckAlive(context_));
  const auto limits = deps_.limits.Get();
  if (!place_->TakeBytes(static_cast<int64_t>(request_.Length()))) {
    return record_->Shed(ShedReason::kBytes);
  }
  EMB_ASSIGN_OR_RETURN(auto decoded, DecodedLookup::Decode(request_, *limits));
  record_->Describe(decoded->view());
  EMB_ASSIGN_OR_RETURN(
      const auto answer,
      LookupAnswer::Make(deps_.registry, *limits, std::move(decoded), &caller));
  if (!place_->TakeBytes(answer->values_bytes())) {
    return record_->Shed(ShedReason::kBytes);
  }
  response_ = answer->Whole(place_);
  return absl::OkStatus();
}

}  // namespace emb
