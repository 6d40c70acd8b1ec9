// What came of the requests of a load.
#ifndef EMB_CLIENT_CLI_BENCH_BENCH_TALLY_H_
#define EMB_CLIENT_CLI_BENCH_BENCH_TALLY_H_

#include <cstdint>
#include <map>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/cli/bench/latency_histogram.h"
#include "core/mutex.h"
#include "emb/lookup_result.h"

namespace emb {

// Of the requests that began after the warm-up. Times are since the beginning
// of the run.
struct BenchTally {
  int64_t answered = 0;
  int64_t failed = 0;
  int64_t values_bytes = 0;    // Of answered requests, as the two below.
  LatencyHistogram latencies;  // In an open loop, since a request was due.
  absl::Duration last_answer = absl::ZeroDuration();
  std::map<absl::StatusCode, int64_t> errors;
  absl::Status last_error;
  // Open loop only: requests that were due, but never sent, and how late the
  // latest of the others was sent.
  int64_t unsent = 0;
  absl::Duration lateness_max = absl::ZeroDuration();

  int64_t requests() const { return answered + failed; }
  void Merge(const BenchTally& other);
};

// TallyBoard is what one connection's callers write their results on.
//
// Threads  Thread-safe.
class TallyBoard {
 public:
  // Requests that began before `warmup` are left out.
  explicit TallyBoard(absl::Duration warmup) : warmup_(warmup) {}

  absl::Duration warmup() const { return warmup_; }

  // A request that began at `start`, or was due then, is over at `now`.
  void Record(absl::Duration start, absl::Duration now,
              const absl::StatusOr<LookupResult>& result);
  // An open loop has sent at `now` what was due at `due`.
  void RecordSent(absl::Duration due, absl::Duration now);
  void RecordUnsent(int64_t count);

  BenchTally tally() const;

 private:
  const absl::Duration warmup_;
  mutable Mutex mutex_;
  BenchTally tally_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace emb

#endif  // EMB_CLIENT_CLI_BENCH_BENCH_TALLY_H_
