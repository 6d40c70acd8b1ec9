// gRPC statuses to absl::Status, in one place. The reverse is the server's.
#ifndef EMB_CLIENT_SRC_STATUS_FROM_GRPC_H_
#define EMB_CLIENT_SRC_STATUS_FROM_GRPC_H_

#include <string>

#include "absl/status/status.h"
#include "google/rpc/status.pb.h"
#include "grpcpp/support/status.h"

namespace emb {

// The same code by number and the same text; typed details become payloads by
// their type URL. Written to a stream, such a status shows the fields that a
// google.rpc.BadRequest names, not its bytes.
absl::Status StatusFromProto(const google::rpc::Status& proto);

// As StatusFromProto. What gRPC itself reports, when nobody listens, answers in
// time or serves such a call, says which address it was.
absl::Status StatusFromGrpc(const grpc::Status& status,
                            const std::string& address);

// gRPC found no server to send the call to: none is connected, or none says
// that it serves.
bool NobodyWasAsked(const grpc::Status& status);

}  // namespace emb

#endif  // EMB_CLIENT_SRC_STATUS_FROM_GRPC_H_
