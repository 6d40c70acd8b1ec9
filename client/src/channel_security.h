// The files of ClientOptions that have to do with security, read.
#ifndef EMB_CLIENT_SRC_CHANNEL_SECURITY_H_
#define EMB_CLIENT_SRC_CHANNEL_SECURITY_H_

#include "absl/status/statusor.h"
#include "client/src/make_channel.h"
#include "emb/client.h"

namespace emb {

// Errors   INVALID_ARGUMENT  a file cannot be read, holds no PEM or no token;
//                            a certificate without its key or without a CA.
//                            Names the setting, as embctl's flag or as the
//                            variable that it comes from, and the file, never
//                            its content.
absl::StatusOr<ChannelSecurity> ReadChannelSecurity(
    const ClientOptions& options);

}  // namespace emb

#endif  // EMB_CLIENT_SRC_CHANNEL_SECURITY_H_
