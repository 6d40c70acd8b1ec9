// What the flags mean.
#ifndef EMB_SERVER_FLAG_OPTIONS_H_
#define EMB_SERVER_FLAG_OPTIONS_H_

#include <string>

#include "absl/status/statusor.h"
#include "server/log.h"
#include "server/server.h"

namespace emb {

// The options that the flags, as they are set now, ask for.
//
// Errors   INVALID_ARGUMENT  a value that is out of its range or no size; names
//                            its flag.
absl::StatusOr<ServerOptions> OptionsFromFlags();

// Errors   INVALID_ARGUMENT  none of info, warning and error.
absl::StatusOr<LogLevel> ParseLogLevel(const std::string& name);

}  // namespace emb

#endif  // EMB_SERVER_FLAG_OPTIONS_H_
