// Lookups, one by one or on streams, whatever becomes of them.
#ifndef EMB_SERVER_METRICS_LOOKUP_METRICS_H_
#define EMB_SERVER_METRICS_LOOKUP_METRICS_H_

#include <array>

#include "absl/status/status.h"
#include "server/metrics/counter.h"
#include "server/metrics/histogram.h"
#include "server/metrics/metrics_text.h"
#include "server/metrics/status_codes.h"
#include "server/metrics/table_counters.h"

namespace emb {

// Why a lookup was not begun.
enum class ShedReason { kRequests, kBytes, kQueueFull, kQueueTimeout };
inline constexpr size_t kNumShedReasons = 4;

// requests = answered + failed + shed, once nothing is in flight.
//
// Threads  Thread-safe.
class LookupMetrics {
 public:
  void CountShed(ShedReason reason) {
    shed_[static_cast<size_t>(reason)].Add();
  }
  // Of a lookup that was begun.
  void CountEnd(absl::StatusCode code, absl::Duration duration);

  Counter requests;
  Histogram queue_seconds;  // Of those that had to wait.
  TableCounters unknown;    // What was asked of tables that are not there.

  void Write(MetricsText& text) const;

 private:
  Counter answered_;
  std::array<Counter, kNumStatusCodes> failed_;
  std::array<Counter, kNumShedReasons> shed_;
  Histogram seconds_;
};

}  // namespace emb

#endif  // EMB_SERVER_METRICS_LOOKUP_METRICS_H_
