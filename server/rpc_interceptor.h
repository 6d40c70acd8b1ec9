// Counts, times and logs the calls of a listener, in one place.
#ifndef EMB_SERVER_RPC_INTERCEPTOR_H_
#define EMB_SERVER_RPC_INTERCEPTOR_H_

#include <functional>
#include <memory>
#include <vector>

#include "grpcpp/support/server_interceptor.h"
#include "server/authorizer.h"
#include "server/metrics/call_metrics.h"

namespace emb {

// For ServerBuilder::experimental().SetInterceptorCreators: calls of methods
// that `metrics` knows, such as those of the control plane. Each is logged when
// it ends, with the caller's token if `authorizer` knows it. The data plane
// counts for itself: an interceptor costs an allocation and several calls for
// each lookup. Both outlive the listener.
std::vector<
    std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>>
MakeRpcInterceptors(const CallMetrics& metrics, const Authorizer& authorizer);

}  // namespace emb

#endif  // EMB_SERVER_RPC_INTERCEPTOR_H_
