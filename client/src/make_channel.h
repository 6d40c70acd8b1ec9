// Channels with the settings that every call of the client needs.
#ifndef EMB_CLIENT_SRC_MAKE_CHANNEL_H_
#define EMB_CLIENT_SRC_MAKE_CHANNEL_H_

#include <memory>
#include <string>

#include "grpcpp/channel.h"

namespace emb {

// How calls are hidden from others, and who makes them: the content of the
// files that ClientOptions names.
struct ChannelSecurity {
  std::string ca_pem;  // Empty: plain text.
  std::string cert_pem;
  std::string key_pem;
  std::string server_name;  // Empty: that of the address.
  std::string token;        // Empty: none is sent.
};

// A channel to `address`, which may be a target of several servers: calls go
// to them in turn. It has connections of its own, made when first used and
// again after failures.
std::shared_ptr<grpc::Channel> MakeChannel(const std::string& address,
                                           const ChannelSecurity& security);

}  // namespace emb

#endif  // EMB_CLIENT_SRC_MAKE_CHANNEL_H_
