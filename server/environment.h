// The flags of embedding-server as environment variables: --data_dir is
// EMB_DATA_DIR.
#ifndef EMB_SERVER_ENVIRONMENT_H_
#define EMB_SERVER_ENVIRONMENT_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace emb {

std::string VariableOf(absl::string_view flag_name);

// Sets each flag whose variable is set. Call before the command line is parsed,
// which then wins.
//
// Errors   INVALID_ARGUMENT  a value that its flag does not read; names both.
absl::Status SetFlagsFromEnvironment();

// Logs variables EMB_... that nothing reads. A setting that does nothing looks
// like one that does. It is no error, since others may use the prefix.
void WarnOfUnknownVariables();

}  // namespace emb

#endif  // EMB_SERVER_ENVIRONMENT_H_
