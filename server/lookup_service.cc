#include "server/lookup_service.h"

#include <utility>

#include "core/status_macros.h"
#include "server/call_state.h"
#include "server/decoded_lookup.h"
#include "server/lookup_answer.h"
#include "server/status_convert.h"

namespace emb {

absl::StatusOr<grpc::ByteBuffer> LookupService::Answer(
    const grpc::ByteBuffer& request) const {
  EMB_ASSIGN_OR_RETURN(std::unique_ptr<const DecodedLookup> decoded,
                       DecodedLookup::Decode(request, limits_));
  EMB_ASSIGN_OR_RETURN(
      const std::unique_ptr<LookupAnswer> answer,
      LookupAnswer::Make(registry_, limits_, std::move(decoded)));
  return answer->Whole();
}

grpc::ServerUnaryReactor* LookupService::Lookup(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* response) {
  const auto answer = [&]() -> absl::Status {
    EMB_RETURN_IF_ERROR(CheckAlive(*context));
    EMB_ASSIGN_OR_RETURN(*response, Answer(*request));
    return absl::OkStatus();
  };
  grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
  reactor->Finish(ToGrpcStatus(answer()));
  return reactor;
}

grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>*
LookupService::LookupStream(grpc::CallbackServerContext* /*context*/) {
  const auto stream =
      LookupReactor::Start([this](const grpc::ByteBuffer& request) {
        return LookupAnswer::MakeOrFail(registry_, limits_, request);
      });
  bool draining = false;
  {
    MutexLock lock(mutex_);
    draining = draining_;
    std::erase_if(streams_, [](const auto& known) { return known.expired(); });
    streams_.push_back(stream);
  }
  if (draining) stream->Drain();
  return stream.get();
}

void LookupService::Drain() {
  std::vector<std::weak_ptr<LookupReactor>> streams;
  {
    MutexLock lock(mutex_);
    draining_ = true;
    streams.swap(streams_);
  }
  // Outside of the lock: a stream may end in the call.
  for (const auto& weak : streams) {
    if (const auto stream = weak.lock()) stream->Drain();
  }
}

}  // namespace emb
