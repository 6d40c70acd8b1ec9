// How durations are spread.
#ifndef EMB_SERVER_METRICS_HISTOGRAM_H_
#define EMB_SERVER_METRICS_HISTOGRAM_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "server/metrics/counter.h"

namespace emb {

// Histogram counts durations in buckets of fixed bounds.
//
// Threads  Thread-safe. What Read sees may lack what is observed meanwhile, but
//          its counts add up.
// Cost     Observe: a search among some 16 bounds and two atomic additions.
class Histogram {
 public:
  // From 50 us to 10 s: a lookup and a call of the control plane fit in.
  Histogram();

  void Observe(absl::Duration duration);

  // Upper bounds in seconds, ascending; the last bucket has none.
  static absl::Span<const double> BoundsSeconds();

  struct Reading {
    // Per bucket, not cumulated: one more than there are bounds.
    std::vector<int64_t> counts;
    int64_t total = 0;
    absl::Duration sum;
  };
  Reading Read() const;

 private:
  static constexpr size_t kBuckets = 17;
  struct alignas(64) Shard {
    std::array<std::atomic<int64_t>, kBuckets> counts = {};
    std::atomic<int64_t> sum_ns = 0;
  };

  const std::unique_ptr<std::array<Shard, kMetricShards>> shards_;
};

}  // namespace emb

#endif  // EMB_SERVER_METRICS_HISTOGRAM_H_
