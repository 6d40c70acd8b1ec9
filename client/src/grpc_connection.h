// The calls of a server over gRPC.
#ifndef EMB_CLIENT_SRC_GRPC_CONNECTION_H_
#define EMB_CLIENT_SRC_GRPC_CONNECTION_H_

#include <memory>
#include <string>

#include "client/src/make_channel.h"
#include "emb/connection.h"

namespace emb {

// A connection to a data listener, by `num_channels` channels, and to an admin
// listener, by one. Channels connect when first used and again after failures.
// Without `retry`, calls that change nothing are tried once like the others.
std::shared_ptr<Connection> MakeGrpcConnection(
    const std::string& server, const std::string& admin, int num_channels = 1,
    const ChannelSecurity& security = {}, bool retry = true);

}  // namespace emb

#endif  // EMB_CLIENT_SRC_GRPC_CONNECTION_H_
