// Counters that many threads add to and few read.
#ifndef EMB_SERVER_METRICS_COUNTER_H_
#define EMB_SERVER_METRICS_COUNTER_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace emb {

// Threads that count the same thing write to different cache lines, by turns
// of their first use.
inline constexpr size_t kMetricShards = 8;

inline size_t MetricShardOfThisThread() {
  static std::atomic<size_t> next = 0;
  thread_local const size_t shard =
      next.fetch_add(1, std::memory_order_relaxed) % kMetricShards;
  return shard;
}

// Counter only ever goes up.
//
// Threads  Thread-safe. Value may miss what is being added meanwhile.
// Cost     Add: one atomic addition, to a line that few others write.
class Counter {
 public:
  void Add(int64_t count = 1) {
    shards_[MetricShardOfThisThread()].value.fetch_add(
        count, std::memory_order_relaxed);
  }

  int64_t Value() const {
    int64_t sum = 0;
    for (const Shard& shard : shards_) {
      sum += shard.value.load(std::memory_order_relaxed);
    }
    return sum;
  }

 private:
  struct alignas(64) Shard {
    std::atomic<int64_t> value = 0;
  };
  std::array<Shard, kMetricShards> shards_;
};

}  // namespace emb

#endif  // EMB_SERVER_METRICS_COUNTER_H_
