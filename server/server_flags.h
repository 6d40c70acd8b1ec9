// The command line of embedding-server.
#ifndef EMB_SERVER_SERVER_FLAGS_H_
#define EMB_SERVER_SERVER_FLAGS_H_

#include "absl/status/statusor.h"
#include "server/server.h"

namespace emb {

// Reads the command line, then the environment for what it does not set: each
// flag is also EMB_<FLAG>. Prints and exits for --help, -h and --version. Warns
// of variables EMB_... that nothing reads.
//
// Errors   INVALID_ARGUMENT  an unknown flag, a size or an address, or an
//                            argument that is no flag; names it and what may
//                            have been meant. Values of the wrong type end the
//                            process with a message, as absl::flags does.
absl::StatusOr<ServerOptions> ParseServerFlags(int argc, char** argv);

}  // namespace emb

#endif  // EMB_SERVER_SERVER_FLAGS_H_
