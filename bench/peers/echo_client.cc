#include "bench/peers/echo_client.h"

#include <algorithm>
#include <cstring>
#include <memory>

#include "absl/strings/str_cat.h"
#include "embedding/v1/lookup.pb.h"
#include "grpcpp/client_context.h"
#include "grpcpp/completion_queue.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/security/credentials.h"
#include "grpcpp/support/channel_arguments.h"
#include "grpcpp/support/slice.h"

namespace emb::bench {
namespace {

std::shared_ptr<grpc::Channel> MakeChannel(const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  // Nothing is tried again: the echo's client need not keep a request.
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(),
                                   arguments);
}

// A call on a completion queue of its own, which takes fewer changes of
// threads than a callback: emb::Client does the same.
absl::StatusOr<grpc::ByteBuffer> CallOnce(grpc::GenericStub& stub,
                                          const grpc::ByteBuffer& request) {
  grpc::ClientContext context;
  grpc::CompletionQueue queue;
  const auto call = stub.PrepareUnaryCall(
      &context, "/embedding.v1.EmbeddingService/Lookup", request, &queue);
  call->StartCall();
  grpc::ByteBuffer answer;
  grpc::Status status;
  call->Finish(&answer, &status, nullptr);
  void* tag = nullptr;
  bool ok = false;
  queue.Next(&tag, &ok);
  if (status.ok()) return answer;
  return absl::InternalError(absl::StrCat("echo: ", status.error_message()));
}

grpc::ByteBuffer ToBuffer(const std::string& bytes) {
  const grpc::Slice slice(bytes);
  return {&slice, 1};
}

}  // namespace

absl::StatusOr<MessageSizes> MeasureMessages(const std::string& server,
                                             const LookupRequest& request) {
  embedding::v1::LookupRequest message;
  for (const Feature& feature : request.features) {
    embedding::v1::Feature& to = *message.add_features();
    to.set_table(feature.table);
    to.mutable_ids()->Add(feature.ids.begin(), feature.ids.end());
  }
  grpc::GenericStub stub(MakeChannel(server));
  const std::string bytes = message.SerializeAsString();
  const auto answer = CallOnce(stub, ToBuffer(bytes));
  if (!answer.ok()) return answer.status();
  return MessageSizes{static_cast<int64_t>(bytes.size()),
                      static_cast<int64_t>(answer->Length())};
}

EchoClient::EchoClient(int port, const MessageSizes& sizes)
    : stub_(MakeChannel(absl::StrCat("127.0.0.1:", port))),
      answer_(static_cast<size_t>(sizes.answer_bytes)) {
  // The echo reads from the request how long its answer is to be.
  std::string bytes(static_cast<size_t>(sizes.request_bytes), '\0');
  const auto answer_bytes = static_cast<uint32_t>(sizes.answer_bytes);
  std::memcpy(bytes.data(), &answer_bytes, sizeof(answer_bytes));
  request_ = ToBuffer(bytes);
}

absl::Status EchoClient::Call() {
  const auto answer = CallOnce(stub_, request_);
  if (!answer.ok()) return answer.status();
  std::vector<grpc::Slice> slices;
  if (answer->Length() != answer_.size() || !answer->Dump(&slices).ok()) {
    return absl::InternalError("echo: an answer of another size");
  }
  uint8_t* to = answer_.data();
  for (const grpc::Slice& slice : slices) {
    to = std::copy(slice.begin(), slice.end(), to);
  }
  return absl::OkStatus();
}

}  // namespace emb::bench
