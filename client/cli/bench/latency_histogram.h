// Latencies, counted.
#ifndef EMB_CLIENT_CLI_BENCH_LATENCY_HISTOGRAM_H_
#define EMB_CLIENT_CLI_BENCH_LATENCY_HISTOGRAM_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/time/time.h"

namespace emb {

// LatencyHistogram counts durations in buckets that grow with them: 128 for
// each power of two of nanoseconds, so that a percentile is at most 1/128
// above the latency that it stands for, from nanoseconds to centuries. Count,
// mean and maximum are exact.
//
// Threads  Thread-compatible.
// Cost     58 KiB, whatever is recorded; Record is a few instructions.
class LatencyHistogram {
 public:
  LatencyHistogram();

  // A negative latency is counted as 0.
  void Record(absl::Duration latency);
  // Adds all that `other` counted.
  void Merge(const LatencyHistogram& other);

  int64_t count() const { return count_; }
  absl::Duration mean() const;  // 0 of none, as the two below.
  absl::Duration max() const { return absl::Nanoseconds(max_); }

  // The smallest latency that at least `share` of all do not exceed, rounded
  // up within its bucket, but never above max().
  // REQUIRES: 0 <= share <= 1.
  absl::Duration Percentile(double share) const;

  // The latencies from some power of two of nanoseconds to below the next.
  struct Octave {
    absl::Duration below;
    int64_t count = 0;
  };
  // Those that have any, in order: what a picture needs.
  std::vector<Octave> Octaves() const;

 private:
  std::vector<int64_t> counts_;
  int64_t count_ = 0;
  int64_t max_ = 0;     // Nanoseconds.
  double total_ = 0.0;  // Nanoseconds: a sum of integers would overflow.
};

}  // namespace emb

#endif  // EMB_CLIENT_CLI_BENCH_LATENCY_HISTOGRAM_H_
