#include "server/lookup_service.h"

#include <optional>
#include <string>
#include <utility>

#include "server/refused_call.h"
#include "server/streamed_lookup.h"
#include "server/unary_lookup.h"

namespace emb {

grpc::ServerUnaryReactor* LookupService::Lookup(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* response) {
  grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
  const auto lookup = std::make_shared<UnaryLookup>(deps_, *context, *request,
                                                    *response, *reactor);
  const bool too_many = lookup->IsTooMany();
  const LookupExecutor::InlineTurn turn(deps_.executor);
  if (turn.granted() && !too_many) {
    lookup->Run(std::nullopt);
    return reactor;
  }
  const auto caller = deps_.authorizer.Authorize(*context, Role::kRead);
  if (!caller.ok()) {  // Costs no more to refuse now than to keep.
    lookup->Run(std::nullopt);
    return reactor;
  }
  deps_.executor.Enqueue(
      caller->Name(), lookup->cost(), too_many,
      [lookup](std::optional<ShedReason> shed) { lookup->Run(shed); });
  return reactor;
}

grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>*
LookupService::LookupStream(grpc::CallbackServerContext* context) {
  deps_.stream_calls.started.Add();
  const absl::Status may =
      deps_.authorizer.Authorize(*context, Role::kRead).status();
  if (!may.ok()) {
    deps_.stream_calls.CountHandled(may.code(), absl::ZeroDuration());
    return new RefusedCall<
        grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>>(may);
  }
  const auto stream = LookupReactor::Start(
      [this, context](const grpc::ByteBuffer& request) {
        return std::make_unique<StreamedLookup>(deps_, *context, request);
      },
      [this, since = LookupRecord::Clock::now()](absl::StatusCode code) {
        deps_.stream_calls.CountHandled(
            code, absl::FromChrono(LookupRecord::Clock::now() - since));
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
