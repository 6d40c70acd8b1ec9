#include "server/metrics/lookup_metrics.h"

#include "absl/strings/string_view.h"
#include "server/metrics/call_metrics.h"

namespace emb {
namespace {

constexpr absl::string_view kReasonLabels[kNumShedReasons] = {
    "requests", "bytes", "queue_full", "queue_timeout"};

}  // namespace

void LookupMetrics::CountEnd(absl::StatusCode code, absl::Duration duration) {
  if (code == absl::StatusCode::kOk) {
    answered_.Add();
  } else {
    failed_[IndexOf(code)].Add();
  }
  seconds_.Observe(duration);
}

void LookupMetrics::Write(MetricsText& text) const {
  text.Counted("emb_lookup_requests_total",
               "Lookups that came, by themselves or on streams: those "
               "answered, failed, shed and in flight.",
               requests);
  text.Counted("emb_lookup_answered_total",
               "Lookups that were answered; of a partial answer features may "
               "have failed.",
               answered_);
  text.Begin("emb_lookup_failed_total", "counter",
             "Lookups that were begun and failed, by status code.");
  for (size_t code = 1; code < failed_.size(); ++code) {
    text.Sample({{"code", CodeLabel(static_cast<absl::StatusCode>(code))}},
                failed_[code].Value());
  }
  text.Begin("emb_shed_total", "counter",
             "Lookups that were refused because too much was in flight.");
  for (size_t reason = 0; reason < kNumShedReasons; ++reason) {
    text.Sample({{"reason", kReasonLabels[reason]}}, shed_[reason].Value());
  }
  text.Spread("emb_lookup_seconds",
              "Time from the receipt of a lookup to its answer, waiting "
              "included.",
              seconds_);
  text.Spread("emb_queue_seconds",
              "Time that lookups waited for a thread; of those that waited.",
              queue_seconds);
}

}  // namespace emb
