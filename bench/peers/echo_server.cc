// The bare gRPC echo: what a call costs when nothing is looked up. Prints its
// port, then answers until it is killed.
//
//   echo_peer
//
// Fair: the raw callback service that embedding-server has, without parsing,
// limits, health or keepalive. The first four bytes of a request (little-
// endian) are the length of the answer, which is always the same memory.
#include <cstdint>
#include <cstring>
#include <iostream>
#include <memory>
#include <vector>

#include "embedding/v1/lookup.grpc.pb.h"
#include "grpcpp/security/server_credentials.h"
#include "grpcpp/server.h"
#include "grpcpp/server_builder.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/slice.h"

namespace {

using embedding::v1::EmbeddingService;

constexpr size_t kAnswerBytesMax = 4 << 20;

class EchoService final : public EmbeddingService::WithRawCallbackMethod_Lookup<
                              EmbeddingService::Service> {
 public:
  grpc::ServerUnaryReactor* Lookup(grpc::CallbackServerContext* context,
                                   const grpc::ByteBuffer* request,
                                   grpc::ByteBuffer* response) override {
    grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
    grpc::Slice bytes;
    uint32_t size = 0;
    if (!request->DumpToSingleSlice(&bytes).ok() ||
        bytes.size() < sizeof(size)) {
      reactor->Finish({grpc::StatusCode::INVALID_ARGUMENT, "no length"});
      return reactor;
    }
    std::memcpy(&size, bytes.begin(), sizeof(size));
    if (size > zeros_.size()) {
      reactor->Finish({grpc::StatusCode::INVALID_ARGUMENT, "too long"});
      return reactor;
    }
    const grpc::Slice answer(zeros_.data(), size, grpc::Slice::STATIC_SLICE);
    *response = grpc::ByteBuffer(&answer, 1);
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }

 private:
  const std::vector<uint8_t> zeros_ = std::vector<uint8_t>(kAnswerBytesMax);
};

}  // namespace

int main() {
  EchoService service;
  grpc::ServerBuilder builder;
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(),
                           &port);
  builder.RegisterService(&service);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr || port == 0) {
    std::cerr << "echo_peer: cannot listen on 127.0.0.1\n";
    return 1;
  }
  std::cout << port << std::endl;
  server->Wait();
}
