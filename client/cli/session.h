// What every command of embctl works with.
#ifndef EMB_CLIENT_CLI_SESSION_H_
#define EMB_CLIENT_CLI_SESSION_H_

#include <functional>
#include <ostream>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "emb/client.h"

namespace emb {

// One run of embctl: the global flags, where output goes, and the command
// that the command line chose. Tests put their own pieces in.
struct Session {
  using Connect =
      std::function<absl::StatusOr<Client>(const ClientOptions& options)>;

  std::ostream& out;
  std::ostream& err;
  Connect connect;
  // Standard error is a terminal: show progress.
  bool err_is_terminal = false;
  // Standard output is one: no bytes of files.
  bool out_is_terminal = false;
  // What takes longer shows that it is at work.
  absl::Duration patience = absl::Seconds(1);

  ClientOptions client_options = {};
  bool json = false;
  CallOptions call = {};
  // Set by the command that was parsed, run after parsing.
  std::function<absl::Status()> action = {};
};

}  // namespace emb

#endif  // EMB_CLIENT_CLI_SESSION_H_
