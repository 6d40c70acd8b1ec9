#include "client/src/lookup_call.h"

#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/src/assemble_answer.h"
#include "client/src/convert.h"
#include "client/src/split_answer.h"
#include "client/src/status_from_grpc.h"
#include "grpcpp/client_context.h"
#include "grpcpp/completion_queue.h"
#include "grpcpp/support/slice.h"

namespace emb {
namespace {

grpc::Status CallOnce(grpc::GenericStub& stub,
                      std::chrono::system_clock::time_point deadline,
                      const grpc::ByteBuffer& message,
                      grpc::ByteBuffer& answer) {
  grpc::ClientContext context;
  context.set_deadline(deadline);
  grpc::CompletionQueue queue;
  const auto call =
      stub.PrepareUnaryCall(&context, kLookupMethod, message, &queue);
  call->StartCall();
  grpc::Status status;
  call->Finish(&answer, &status, nullptr);
  void* tag = nullptr;
  bool ok = false;
  queue.Next(&tag, &ok);
  return status;
}

}  // namespace

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
  if (grpc_status.error_code() == grpc::StatusCode::CANCELLED) {
    return absl::UnavailableError(
        absl::StrCat(address, " has cancelled the call: it stops"));
  }
  const absl::Status status = StatusFromGrpc(grpc_status, address);
  if (!status.ok()) return status;
  auto answer = SplitAnswer::Split(message);
  if (!answer.ok()) return answer.status();
  std::vector<SplitAnswer> parts;
  parts.push_back(*std::move(answer));
  return AssembleAnswer(parts, request, memory);
}

absl::StatusOr<LookupResult> CallLookup(
    const LookupStubs& stubs, const std::string& address,
    const LookupRequest& request,
    std::chrono::system_clock::time_point deadline,
    std::optional<absl::Span<std::byte>> memory) {
  const grpc::ByteBuffer message = SerialiseLookup(request);
  grpc::ByteBuffer answer;
  grpc::Status status = CallOnce(stubs.serving, deadline, message, answer);
  if (stubs.any != nullptr && NobodyWasAsked(status)) {
    status = CallOnce(*stubs.any, deadline, message, answer);
  }
  return FinishLookup(status, answer, request, address, memory);
}

}  // namespace emb
