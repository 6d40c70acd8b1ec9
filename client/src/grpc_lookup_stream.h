// LookupStream over gRPC.
#ifndef EMB_CLIENT_SRC_GRPC_LOOKUP_STREAM_H_
#define EMB_CLIENT_SRC_GRPC_LOOKUP_STREAM_H_

#include <memory>
#include <string>

#include "absl/time/time.h"
#include "emb/lookup_stream.h"
#include "grpcpp/channel.h"

namespace emb {

// Opens when the first request is sent. `timeout` is for each Send and
// Receive; `address` names the server in errors.
std::unique_ptr<LookupStream> MakeGrpcLookupStream(
    std::shared_ptr<grpc::Channel> channel, std::string address,
    absl::Duration timeout);

}  // namespace emb

#endif  // EMB_CLIENT_SRC_GRPC_LOOKUP_STREAM_H_
