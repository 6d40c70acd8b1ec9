// Calls of a bare gRPC echo (echo_peer).
#ifndef EMB_BENCH_PEERS_ECHO_CLIENT_H_
#define EMB_BENCH_PEERS_ECHO_CLIENT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "emb/client.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/support/byte_buffer.h"

namespace emb::bench {

// Serialised, without gRPC's own framing.
struct MessageSizes {
  int64_t request_bytes = 0;
  int64_t answer_bytes = 0;
};

// What a lookup of rows sends and receives; asks the server once.
absl::StatusOr<MessageSizes> MeasureMessages(const std::string& server,
                                             const LookupRequest& request);

// Threads  One thread.
class EchoClient {
 public:
  // An echo_peer on `port` of 127.0.0.1.
  // REQUIRES: sizes.request_bytes >= 4.
  EchoClient(int port, const MessageSizes& sizes);

  // Sends a request and copies the answer into one buffer.
  //
  // Errors   INTERNAL  the call fails, or its answer has another size.
  absl::Status Call();

 private:
  grpc::GenericStub stub_;
  grpc::ByteBuffer request_;
  std::vector<uint8_t> answer_;
};

}  // namespace emb::bench

#endif  // EMB_BENCH_PEERS_ECHO_CLIENT_H_
