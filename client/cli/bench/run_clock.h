// The time of a run: since its beginning, until its end or Ctrl-C.
#ifndef EMB_CLIENT_CLI_BENCH_RUN_CLOCK_H_
#define EMB_CLIENT_CLI_BENCH_RUN_CLOCK_H_

#include <atomic>
#include <chrono>

#include "absl/time/time.h"

namespace emb {

// RunClock begins when it is made. It never goes back, unlike the time of day.
//
// Threads  Thread-safe.
class RunClock {
 public:
  // `stop` outlives the clock and ends the run when it becomes true.
  RunClock(absl::Duration end, const std::atomic<bool>& stop)
      : end_(end), stop_(stop) {}

  absl::Duration Now() const;
  absl::Duration end() const { return end_; }
  bool stopped() const { return stop_; }
  // Nothing new begins.
  bool Over() const { return stopped() || Now() >= end_; }

  // Returns at `when`, or soon after the run was stopped.
  void SleepUntil(absl::Duration when) const;

 private:
  const std::chrono::steady_clock::time_point start_ =
      std::chrono::steady_clock::now();
  const absl::Duration end_;
  const std::atomic<bool>& stop_;
};

}  // namespace emb

#endif  // EMB_CLIENT_CLI_BENCH_RUN_CLOCK_H_
