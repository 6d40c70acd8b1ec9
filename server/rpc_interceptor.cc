#include "server/rpc_interceptor.h"

#include <chrono>

#include "absl/time/time.h"
#include "server/log.h"
#include "server/trace_context.h"

namespace emb {
namespace {

namespace ge = grpc::experimental;

// One call. gRPC calls Intercept at each of its steps, and deletes it after the
// last.
//
// Threads  gRPC's, one at a time.
class RpcInterceptor final : public ge::Interceptor {
 public:
  RpcInterceptor(ge::ServerRpcInfo& info, MethodMetrics& metrics,
                 const Authorizer& authorizer)
      : info_(info), metrics_(metrics), authorizer_(authorizer) {
    metrics_.started.Add();
  }

  void Intercept(ge::InterceptorBatchMethods* methods) override {
    using Point = ge::InterceptionHookPoints;
    if (methods->QueryInterceptionHookPoint(Point::POST_RECV_MESSAGE) &&
        methods->GetRecvMessage() != nullptr) {
      metrics_.received.Add();
    }
    if (methods->QueryInterceptionHookPoint(Point::PRE_SEND_MESSAGE)) {
      metrics_.sent.Add();
    }
    if (methods->QueryInterceptionHookPoint(Point::PRE_SEND_STATUS)) {
      End(methods->GetSendStatus());
    }
    methods->Proceed();
  }

 private:
  using Clock = std::chrono::steady_clock;

  void End(const grpc::Status& status) const {
    const absl::Duration time = absl::FromChrono(Clock::now() - since_);
    const auto code = static_cast<absl::StatusCode>(status.error_code());
    metrics_.CountHandled(code, time);
    const grpc::ServerContextBase& context = *info_.server_context();
    const TraceContext trace = TraceContextOf(context);
    const auto caller = authorizer_.Authorize(context, Role::kRead);
    Log(LogLevel::kInfo, "call",
        {{"method", metrics_.method},
         {"code", absl::StatusCodeToString(code)},
         {"dur_us", absl::ToInt64Microseconds(time)},
         {"peer", context.peer()},
         {"token", caller.ok() ? caller->token_name() : ""},
         {"trace_id", trace.trace_id},
         {"span_id", trace.span_id}});
  }

  ge::ServerRpcInfo& info_;
  MethodMetrics& metrics_;
  const Authorizer& authorizer_;
  const Clock::time_point since_ = Clock::now();
};

class Factory final : public ge::ServerInterceptorFactoryInterface {
 public:
  Factory(const CallMetrics& metrics, const Authorizer& authorizer)
      : metrics_(metrics), authorizer_(authorizer) {}

  ge::Interceptor* CreateServerInterceptor(ge::ServerRpcInfo* info) override {
    MethodMetrics* const method = metrics_.Find(info->method());
    if (method == nullptr) return nullptr;
    return new RpcInterceptor(*info, *method, authorizer_);
  }

 private:
  const CallMetrics& metrics_;
  const Authorizer& authorizer_;
};

}  // namespace

std::vector<std::unique_ptr<ge::ServerInterceptorFactoryInterface>>
MakeRpcInterceptors(const CallMetrics& metrics, const Authorizer& authorizer) {
  std::vector<std::unique_ptr<ge::ServerInterceptorFactoryInterface>> creators;
  creators.push_back(std::make_unique<Factory>(metrics, authorizer));
  return creators;
}

}  // namespace emb
