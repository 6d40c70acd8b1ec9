#include "server/lookup_service.h"

#include <optional>
#include <string>
#include <utility>

#include "server/streamed_lookup.h"
#include "server/unary_lookup.h"

namespace emb {

namespace {

// Whose turn it is, where callers must wait: the host that calls.
std::string CallerOf(const grpc::CallbackServerContext& context) {
  const std::string peer = context.peer();  // Such as ipv4:10.0.0.1:1234.
  return peer.substr(0, peer.rfind(':'));
}

}  // namespace

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
  } else {
    deps_.executor.Enqueue(
        CallerOf(*context), lookup->cost(), too_many,
        [lookup](std::optional<ShedReason> shed) { lookup->Run(shed); });
  }
  return reactor;
}

grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>*
LookupService::LookupStream(grpc::CallbackServerContext* /*context*/) {
  deps_.stream_calls.started.Add();
  const auto stream = LookupReactor::Start(
      [this](const grpc::ByteBuffer& request) {
        return std::make_unique<StreamedLookup>(deps_, request);
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
