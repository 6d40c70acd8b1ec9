// The flags of embedding-server as environment variables: --data_dir is
// EMB_DATA_DIR.
#ifndef EMB_SERVER_ENVIRONMENT_H_
#define EMB_SERVER_ENVIRONMENT_H_

#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/optional.h"

namespace emb {

std::string VariableOf(absl::string_view flag_name);

// What the variable of a flag holds; nothing if it is not set.
absl::optional<std::string> ValueFromEnvironment(absl::string_view flag_name);

// Logs variables EMB_... that nothing reads. A setting that does nothing looks
// like one that does. It is no error, since others may use the prefix.
void WarnOfUnknownVariables();

}  // namespace emb

#endif  // EMB_SERVER_ENVIRONMENT_H_
