// absl::Status to gRPC, in one place. The reverse is the client's.
#ifndef EMB_SERVER_STATUS_CONVERT_H_
#define EMB_SERVER_STATUS_CONVERT_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "google/rpc/status.pb.h"
#include "grpcpp/support/status.h"

namespace emb {

// An error about one field of a request: its message begins with the path,
// and a google.rpc.BadRequest naming it goes along as a payload. `path` is
// such as `features[2].ids[5]`, `complaint` such as ` = 9, want [0, 4)`.
absl::Status FieldError(absl::StatusCode code, absl::string_view path,
                        absl::string_view complaint);

// The same with INVALID_ARGUMENT.
absl::Status InvalidField(absl::string_view path, absl::string_view complaint);

// RESOURCE_EXHAUSTED for a while, with a google.rpc.RetryInfo that says for how
// long.
absl::Status OverloadedError(absl::string_view message,
                             absl::Duration retry_delay);

// The same codes by number. Text is capped at 1 KiB, since larger trailers
// would be refused by the other end; payloads become the standard details.
grpc::Status ToGrpcStatus(const absl::Status& status);

// As the message that a feature of a partial answer carries.
google::rpc::Status ToStatusProto(const absl::Status& status);

}  // namespace emb

#endif  // EMB_SERVER_STATUS_CONVERT_H_
