// Whether a call still has a caller.
#ifndef EMB_SERVER_CALL_STATE_H_
#define EMB_SERVER_CALL_STATE_H_

#include "absl/status/status.h"
#include "grpcpp/server_context.h"

namespace emb {

// Asked before the work of a call begins: it may have waited for long.
//
// Errors   CANCELLED          the caller has gone.
//          DEADLINE_EXCEEDED  it is about to.
absl::Status CheckAlive(const grpc::CallbackServerContext& context);

}  // namespace emb

#endif  // EMB_SERVER_CALL_STATE_H_
