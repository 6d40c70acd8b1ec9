// What changes of tables cost the disk.
#ifndef EMB_SERVER_METRICS_STORE_METRICS_H_
#define EMB_SERVER_METRICS_STORE_METRICS_H_

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "server/metrics/counter.h"
#include "server/metrics/histogram.h"
#include "server/metrics/metrics_text.h"

namespace emb {

// Threads  Thread-safe.
class StoreMetrics {
 public:
  // A commit was made durable, or failed to be.
  Histogram sync_seconds;
  // A version took the place of another.
  Histogram swap_seconds;

  void CountFold(const absl::Status& status, absl::Duration duration);
  void CountBackup(const absl::Status& status);

  void Write(MetricsText& text) const;

 private:
  // By outcome. A fold that was given up, as at the end, is neither.
  struct Outcomes {
    void Write(absl::string_view name, absl::string_view help,
               MetricsText& text) const;
    Counter ok;
    Counter failed;
  };

  Outcomes folds_;
  Counter fold_ns_;
  Outcomes backups_;
};

}  // namespace emb

#endif  // EMB_SERVER_METRICS_STORE_METRICS_H_
