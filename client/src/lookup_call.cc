#include "client/src/lookup_call.h"

#include <memory>
#include <utility>
#include <vector>

#include "client/src/assemble_answer.h"
#include "client/src/convert.h"
#include "client/src/split_answer.h"
#include "client/src/status_from_grpc.h"
#include "grpcpp/client_context.h"
#include "grpcpp/completion_queue.h"
#include "grpcpp/support/slice.h"

namespace emb {

const char kLookupMethod[] = "/embedding.v1.EmbeddingService/Lookup";

grpc::ByteBuffer SerialiseLookup(const LookupRequest& request,
                                 uint64_t request_id) {
  embedding::v1::LookupRequest proto = ToProto(request);
  proto.set_request_id(request_id);
  grpc::Slice slice(proto.ByteSizeLong());
  // Its own memory, which nobody else has seen yet.
  proto.SerializeWithCachedSizesToArray(const_cast<uint8_t*>(slice.begin()));
  return {&slice, 1};
}

absl::StatusOr<LookupResult> FinishLookup(
    const grpc::Status& grpc_status, const grpc::ByteBuffer& message,
    const LookupRequest& request, const std::string& address,
    std::optional<absl::Span<std::byte>> memory) {
  const absl::Status status = StatusFromGrpc(grpc_status, address);
  if (!status.ok()) return status;
  auto answer = SplitAnswer::Split(message);
  if (!answer.ok()) return answer.status();
  std::vector<SplitAnswer> parts;
  parts.push_back(*std::move(answer));
  return AssembleAnswer(parts, request, memory);
}

absl::StatusOr<LookupResult> CallLookup(
    grpc::GenericStub& stub, const std::string& address,
    const LookupRequest& request,
    std::chrono::system_clock::time_point deadline,
    std::optional<absl::Span<std::byte>> memory) {
  grpc::ClientContext context;
  context.set_deadline(deadline);
  grpc::CompletionQueue queue;
  const auto call = stub.PrepareUnaryCall(&context, kLookupMethod,
                                          SerialiseLookup(request), &queue);
  call->StartCall();
  grpc::ByteBuffer message;
  grpc::Status grpc_status;
  call->Finish(&message, &grpc_status, nullptr);
  void* tag = nullptr;
  bool ok = false;
  queue.Next(&tag, &ok);
  return FinishLookup(grpc_status, message, request, address, memory);
}

}  // namespace emb
