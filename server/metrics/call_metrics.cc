#include "server/metrics/call_metrics.h"

#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/strings/str_cat.h"

namespace emb {
namespace {

// go-grpc-prometheus' spelling, on which dashboards are built.
constexpr absl::string_view kCodeLabels[kNumStatusCodes] = {
    "OK",
    "Canceled",
    "Unknown",
    "InvalidArgument",
    "DeadlineExceeded",
    "NotFound",
    "AlreadyExists",
    "PermissionDenied",
    "ResourceExhausted",
    "FailedPrecondition",
    "Aborted",
    "OutOfRange",
    "Unimplemented",
    "Internal",
    "Unavailable",
    "DataLoss",
    "Unauthenticated"};

std::vector<MetricLabel> LabelsOf(const MethodMetrics& method) {
  return {{"grpc_type", method.type},
          {"grpc_service", method.service},
          {"grpc_method", method.method}};
}

}  // namespace

absl::string_view CodeLabel(absl::StatusCode code) {
  return kCodeLabels[IndexOf(code)];
}

MethodMetrics& CallMetrics::Add(absl::string_view service,
                                absl::string_view method,
                                absl::string_view type) {
  auto added = std::make_unique<MethodMetrics>();
  added->service = std::string(service);
  added->method = std::string(method);
  added->type = std::string(type);
  by_path_[absl::StrCat("/", service, "/", method)] = added.get();
  methods_.push_back(std::move(added));
  return *methods_.back();
}

MethodMetrics* CallMetrics::Find(absl::string_view path) const {
  const auto found = by_path_.find(path);
  return found == by_path_.end() ? nullptr : found->second;
}

void CallMetrics::Write(MetricsText& text) const {
  const auto write = [&](const char* name, const char* help,
                         absl::FunctionRef<int64_t(const MethodMetrics&)> of) {
    text.Begin(name, "counter", help);
    for (const auto& method : methods_) {
      text.Sample(LabelsOf(*method), of(*method));
    }
  };
  write("grpc_server_started_total", "Calls that began.",
        [](const MethodMetrics& m) { return m.started.Value(); });
  write("grpc_server_msg_received_total", "Messages received.",
        [](const MethodMetrics& m) { return m.received.Value(); });
  write("grpc_server_msg_sent_total", "Messages sent.",
        [](const MethodMetrics& m) { return m.sent.Value(); });
  text.Begin("grpc_server_handled_total", "counter",
             "Calls that ended, by status code.");
  for (const auto& method : methods_) {
    std::vector<MetricLabel> labels = LabelsOf(*method);
    labels.emplace_back("grpc_code", "");
    for (size_t code = 0; code < kNumStatusCodes; ++code) {
      labels.back().second = kCodeLabels[code];
      text.Sample(labels, method->handled[code].Value());
    }
  }
  text.Begin("grpc_server_handling_seconds", "histogram",
             "Time from the beginning of a call to its end.");
  for (const auto& method : methods_) {
    text.Sample(LabelsOf(*method), method->seconds);
  }
}

}  // namespace emb
