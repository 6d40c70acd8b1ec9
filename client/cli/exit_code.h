// Exit statuses of embctl, by class of error.
#ifndef EMB_CLIENT_CLI_EXIT_CODE_H_
#define EMB_CLIENT_CLI_EXIT_CODE_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace emb {

// Scripts rely on these: a number never changes its meaning.
enum ExitCode : int {
  kExitOk = 0,
  kExitInternal = 1,           // INTERNAL, UNKNOWN
  kExitUsage = 2,              // The command line itself.
  kExitInvalid = 3,            // INVALID_ARGUMENT, OUT_OF_RANGE
  kExitNotFound = 4,           // NOT_FOUND
  kExitAlreadyExists = 5,      // ALREADY_EXISTS
  kExitPrecondition = 6,       // FAILED_PRECONDITION, ABORTED
  kExitResourceExhausted = 7,  // RESOURCE_EXHAUSTED
  kExitUnavailable = 8,        // UNAVAILABLE
  kExitDeadline = 9,           // DEADLINE_EXCEEDED, CANCELLED
  kExitDataLoss = 10,          // DATA_LOSS
  kExitUnimplemented = 11,     // UNIMPLEMENTED
  kExitDenied = 12,            // UNAUTHENTICATED, PERMISSION_DENIED
};

ExitCode ExitCodeOf(absl::StatusCode code);

// The table above as text for --help.
extern const absl::string_view kExitCodeHelp;

}  // namespace emb

#endif  // EMB_CLIENT_CLI_EXIT_CODE_H_
