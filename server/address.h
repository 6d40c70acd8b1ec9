// Addresses to listen on.
#ifndef EMB_SERVER_ADDRESS_H_
#define EMB_SERVER_ADDRESS_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace emb {

// HOST:PORT, [IPV6]:PORT or unix:PATH.
struct Address {
  std::string host;       // Without brackets; empty for a unix socket.
  int port = 0;           // 0: any free one.
  std::string unix_path;  // Empty for TCP.

  bool is_unix() const { return !unix_path.empty(); }
  // A unix socket, 127.0.0.0/8, ::1 or localhost: nobody outside this machine
  // can reach it.
  bool is_local() const;
  // As gRPC takes it and ParseAddress reads it.
  std::string ToString() const;
};

// Errors   INVALID_ARGUMENT  says what is wrong and what is wanted. gRPC
//                            itself would take port 99999 for 34463.
absl::StatusOr<Address> ParseAddress(absl::string_view text);

}  // namespace emb

#endif  // EMB_SERVER_ADDRESS_H_
