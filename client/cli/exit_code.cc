#include "client/cli/exit_code.h"

namespace emb {

ExitCode ExitCodeOf(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kOk:
      return kExitOk;
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kOutOfRange:
      return kExitInvalid;
    case absl::StatusCode::kNotFound:
      return kExitNotFound;
    case absl::StatusCode::kAlreadyExists:
      return kExitAlreadyExists;
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kAborted:
      return kExitPrecondition;
    case absl::StatusCode::kResourceExhausted:
      return kExitResourceExhausted;
    case absl::StatusCode::kUnavailable:
      return kExitUnavailable;
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kCancelled:
      return kExitDeadline;
    case absl::StatusCode::kDataLoss:
      return kExitDataLoss;
    case absl::StatusCode::kUnimplemented:
      return kExitUnimplemented;
    case absl::StatusCode::kUnauthenticated:
    case absl::StatusCode::kPermissionDenied:
      return kExitDenied;
    default:
      return kExitInternal;
  }
}

const absl::string_view kExitCodeHelp =
    "Exit status:\n"
    "  0  done                        7  memory, disk or a limit is full\n"
    "  1  internal or unknown error   8  no server, or it is not serving\n"
    "  2  wrong command line          9  too late, or cancelled\n"
    "  3  invalid value, bad file    10  stored data is damaged\n"
    "  4  not found                  11  not in this build\n"
    "  5  exists already             12  not allowed\n"
    "  6  not in this state, or changed meanwhile\n";

}  // namespace emb
