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

// What a channel is for.
struct ChannelUse {
  // Calls go only to servers that say that they serve: neither to those that
  // load nor to those that drain.
  bool serving_only = false;
  // Calls that change nothing are tried again.
  bool retry = true;
};

// A name may have several addresses in DNS; an address or a path is one server.
bool MayNameSeveral(const std::string& address);

// A channel to `address`, which may be a target of several servers: calls go
// to them in turn. It has connections of its own, made when first used and
// again, within 5 s, after failures.
std::shared_ptr<grpc::Channel> MakeChannel(const std::string& address,
                                           const ChannelSecurity& security,
                                           ChannelUse use = {});

}  // namespace emb

#endif  // EMB_CLIENT_SRC_MAKE_CHANNEL_H_
