#include "server/lookup_record.h"

#include <utility>

#include "absl/strings/string_view.h"
#include "server/log.h"
#include "server/status_convert.h"

namespace emb {
namespace {

// A guess: how long a queue that is full takes to be less so.
constexpr absl::Duration kRetryDelay = absl::Milliseconds(50);

absl::string_view WhyShed(ShedReason reason) {
  switch (reason) {
    case ShedReason::kRequests:
      return "overloaded: too many lookups in flight "
             "(--inflight_requests_max), try again later";
    case ShedReason::kBytes:
      return "overloaded: too many bytes of lookups in flight "
             "(--inflight_bytes_max), try again later";
    case ShedReason::kQueueFull:
      return "overloaded: this caller has more lookups waiting than others "
             "(--inflight_requests_max), try again later";
    case ShedReason::kQueueTimeout:
      return "overloaded: waited too long for a thread (--queue_timeout), try "
             "again later";
  }
  return "overloaded";
}

}  // namespace

bool LookupLog::Wants(absl::StatusCode code) {
  if (code != absl::StatusCode::kOk) return failures_.Allow();
  const int64_t sampling = sampling_.load(std::memory_order_relaxed);
  if (sampling == 0) return false;
  return num_lookups_.fetch_add(1, std::memory_order_relaxed) % sampling == 0;
}

LookupRecord::LookupRecord(LookupMetrics& metrics, LookupLog& log,
                           const char* method,
                           const grpc::ServerContextBase* context)
    : metrics_(metrics),
      log_(log),
      method_(method),
      context_(context),
      since_(Clock::now()) {
  metrics_.requests.Add();
}

LookupRecord::~LookupRecord() {
  const absl::Duration time = elapsed();
  if (shed_.has_value()) {
    metrics_.CountShed(*shed_);
  } else {
    metrics_.CountEnd(status_.code(), time);
  }
  if (log_.Wants(status_.code())) Log(time);
}

void LookupRecord::Describe(const LookupView& request) {
  request_id_ = request.request_id;
  num_features_ = static_cast<int64_t>(request.features.size());
  for (const LookupFeature& feature : request.features) {
    num_ids_ += feature.num_ids();
  }
}

absl::Status LookupRecord::End(absl::Status status) {
  if (!shed_.has_value()) status_ = std::move(status);
  return status_;
}

absl::Status LookupRecord::Shed(ShedReason reason) {
  shed_ = reason;
  status_ = OverloadedError(WhyShed(reason), kRetryDelay);
  return status_;
}

void LookupRecord::Log(absl::Duration elapsed) const {
  const TraceContext trace =
      context_ == nullptr ? TraceContext() : TraceContextOf(*context_);
  emb::Log(status_.ok() ? LogLevel::kInfo : LogLevel::kWarning, "lookup",
           {{"method", method_},
            {"code", absl::StatusCodeToString(status_.code())},
            {"message", status_.message()},
            {"features", num_features_},
            {"ids", num_ids_},
            {"dur_us", absl::ToInt64Microseconds(elapsed)},
            {"request_id", static_cast<int64_t>(request_id_)},
            {"peer", context_ == nullptr ? "" : context_->peer()},
            {"token", token_name_},
            {"trace_id", trace.trace_id},
            {"span_id", trace.span_id}});
}

}  // namespace emb
