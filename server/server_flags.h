// The command line of embedding-server.
#ifndef EMB_SERVER_SERVER_FLAGS_H_
#define EMB_SERVER_SERVER_FLAGS_H_

#include "absl/status/statusor.h"
#include "server/configuration.h"

namespace emb {

// Reads the command line and, for what it does not set, the environment (each
// flag is also EMB_<FLAG>) and the file of --config. Prints and exits for
// --help, -h and --version. Sets the log's level, and warns of variables
// EMB_... that nothing reads. What the flags then mean: OptionsFromFlags.
//
// Errors   INVALID_ARGUMENT  an unknown flag, or an argument that is no flag;
//                            names it and what may have been meant. As
//                            Configuration::Read. Values of the wrong type on
//                            the command line end the process with a message,
//                            as absl::flags does.
absl::StatusOr<Configuration> ParseServerFlags(int argc, char** argv);

}  // namespace emb

#endif  // EMB_SERVER_SERVER_FLAGS_H_
