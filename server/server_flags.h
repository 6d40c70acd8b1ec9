// The command line of embedding-server.
#ifndef EMB_SERVER_SERVER_FLAGS_H_
#define EMB_SERVER_SERVER_FLAGS_H_

#include "absl/status/statusor.h"
#include "server/server.h"

namespace emb {

// Reads the command line, then the environment for what it does not set: each
// flag is also EMB_<FLAG>. Prints and exits for --help and --version.
//
// Errors   INVALID_ARGUMENT  a value, or an argument that is no flag; names
//                            it. Unknown flags end the process with a
//                            message, as absl::flags does.
absl::StatusOr<ServerOptions> ParseServerFlags(int argc, char** argv);

}  // namespace emb

#endif  // EMB_SERVER_SERVER_FLAGS_H_
