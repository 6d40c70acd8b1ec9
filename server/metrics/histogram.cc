#include "server/metrics/histogram.h"

#include <algorithm>
#include <cmath>
#include <iterator>

namespace emb {
namespace {

constexpr double kBounds[] = {50e-6, 100e-6, 200e-6, 300e-6, 500e-6, 1e-3,
                              2e-3,  5e-3,   10e-3,  20e-3,  50e-3,  0.1,
                              0.2,   0.5,    1,      10};

int64_t BoundNanoseconds(double seconds) { return std::llround(seconds * 1e9); }

}  // namespace

Histogram::Histogram()
    : shards_(std::make_unique<std::array<Shard, kMetricShards>>()) {
  static_assert(std::size(kBounds) + 1 == kBuckets);
}

absl::Span<const double> Histogram::BoundsSeconds() { return kBounds; }

void Histogram::Observe(absl::Duration duration) {
  const int64_t ns = std::max<int64_t>(0, absl::ToInt64Nanoseconds(duration));
  const auto* const bound = std::find_if(
      std::begin(kBounds), std::end(kBounds),
      [ns](double seconds) { return ns <= BoundNanoseconds(seconds); });
  Shard& shard = (*shards_)[MetricShardOfThisThread()];
  shard.counts[static_cast<size_t>(bound - std::begin(kBounds))].fetch_add(
      1, std::memory_order_relaxed);
  shard.sum_ns.fetch_add(ns, std::memory_order_relaxed);
}

Histogram::Reading Histogram::Read() const {
  Reading reading;
  reading.counts.resize(kBuckets);
  for (const Shard& shard : *shards_) {
    for (size_t i = 0; i < kBuckets; ++i) {
      const int64_t count = shard.counts[i].load(std::memory_order_relaxed);
      reading.counts[i] += count;
      reading.total += count;
    }
    reading.sum +=
        absl::Nanoseconds(shard.sum_ns.load(std::memory_order_relaxed));
  }
  return reading;
}

}  // namespace emb
