// NAME@VERSION, as users write it.
#ifndef EMB_CLIENT_CLI_TABLE_VERSION_H_
#define EMB_CLIENT_CLI_TABLE_VERSION_H_

#include <string>

#include "absl/status/statusor.h"
#include "emb/types.h"

namespace emb {

// "item@7" or "item", which leaves the version 0.
// Errors   INVALID_ARGUMENT  any other text.
absl::StatusOr<TableVersion> ParseTableVersion(const std::string& text);

}  // namespace emb

#endif  // EMB_CLIENT_CLI_TABLE_VERSION_H_
