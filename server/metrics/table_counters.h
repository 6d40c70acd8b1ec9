// What is asked of one table.
#ifndef EMB_SERVER_METRICS_TABLE_COUNTERS_H_
#define EMB_SERVER_METRICS_TABLE_COUNTERS_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"
#include "server/metrics/counter.h"
#include "server/metrics/status_codes.h"

namespace emb {

// TableCounters belong to a name: they go on from version to version. There may
// be ten thousand of them, hence fewer lines each than a Counter has.
//
// Threads  Thread-safe.
class TableCounters {
 public:
  struct Ids {
    int64_t all = 0;
    int64_t padding = 0;
    int64_t missing = 0;
  };

  // A feature was looked up.
  void CountLookup(const Ids& ids) {
    Shard& shard = shards_[MetricShardOfThisThread() % kShards];
    shard.lookups.fetch_add(1, std::memory_order_relaxed);
    shard.ids.fetch_add(ids.all, std::memory_order_relaxed);
    if (ids.padding != 0) {
      shard.padding.fetch_add(ids.padding, std::memory_order_relaxed);
    }
    if (ids.missing != 0) {
      shard.missing.fetch_add(ids.missing, std::memory_order_relaxed);
    }
  }

  // A feature was wrong.
  void CountError(absl::StatusCode code) {
    errors_[IndexOf(code)].fetch_add(1, std::memory_order_relaxed);
  }

  int64_t lookups() const;
  Ids ids() const;
  int64_t errors(absl::StatusCode code) const {
    return errors_[IndexOf(code)].load(std::memory_order_relaxed);
  }

 private:
  static constexpr size_t kShards = 4;
  struct alignas(64) Shard {
    std::atomic<int64_t> lookups = 0;
    std::atomic<int64_t> ids = 0;
    std::atomic<int64_t> padding = 0;
    std::atomic<int64_t> missing = 0;
  };
  std::array<Shard, kShards> shards_;
  std::array<std::atomic<int64_t>, kNumStatusCodes> errors_ = {};
};

inline int64_t TableCounters::lookups() const {
  int64_t sum = 0;
  for (const Shard& shard : shards_) {
    sum += shard.lookups.load(std::memory_order_relaxed);
  }
  return sum;
}

inline TableCounters::Ids TableCounters::ids() const {
  Ids sum;
  for (const Shard& shard : shards_) {
    sum.all += shard.ids.load(std::memory_order_relaxed);
    sum.padding += shard.padding.load(std::memory_order_relaxed);
    sum.missing += shard.missing.load(std::memory_order_relaxed);
  }
  return sum;
}

}  // namespace emb

#endif  // EMB_SERVER_METRICS_TABLE_COUNTERS_H_
