#include "client/cli/bench/latency_histogram.h"

#include <algorithm>
#include <cmath>

#include "absl/numeric/bits.h"

namespace emb {
namespace {

// Of each power of two.
constexpr int kBucketBits = 7;
constexpr int64_t kBuckets = int64_t{1} << kBucketBits;
// Values of 63 bits.
constexpr size_t kNumBuckets = (63 - kBucketBits + 1) * size_t{kBuckets};

// Values below 2 * kBuckets have a bucket each; above, a bucket is what the
// first eight bits have in common.
size_t BucketOf(int64_t value) {
  const int shift = std::max(
      0, static_cast<int>(absl::bit_width(static_cast<uint64_t>(value))) -
             kBucketBits - 1);
  return static_cast<size_t>(shift * kBuckets + (value >> shift));
}

// The greatest value of a bucket.
int64_t EndOf(size_t bucket) {
  const auto index = static_cast<int64_t>(bucket);
  if (index < 2 * kBuckets) return index;
  const int64_t shift = index / kBuckets - 1;
  const auto first = static_cast<uint64_t>(index - shift * kBuckets);
  return static_cast<int64_t>(((first + 1) << shift) - 1);
}

}  // namespace

LatencyHistogram::LatencyHistogram() : counts_(kNumBuckets) {}

void LatencyHistogram::Record(absl::Duration latency) {
  const int64_t value = std::max(int64_t{0}, absl::ToInt64Nanoseconds(latency));
  ++counts_[BucketOf(value)];
  ++count_;
  max_ = std::max(max_, value);
  total_ += static_cast<double>(value);
}

void LatencyHistogram::Merge(const LatencyHistogram& other) {
  for (size_t i = 0; i < kNumBuckets; ++i) counts_[i] += other.counts_[i];
  count_ += other.count_;
  max_ = std::max(max_, other.max_);
  total_ += other.total_;
}

absl::Duration LatencyHistogram::mean() const {
  if (count_ == 0) return absl::ZeroDuration();
  return absl::Nanoseconds(total_ / static_cast<double>(count_));
}

absl::Duration LatencyHistogram::Percentile(double share) const {
  const auto rank = std::max(
      int64_t{1},
      static_cast<int64_t>(std::ceil(share * static_cast<double>(count_))));
  int64_t seen = 0;
  for (size_t i = 0; i < kNumBuckets; ++i) {
    seen += counts_[i];
    if (seen >= rank) return absl::Nanoseconds(std::min(EndOf(i), max_));
  }
  return max();
}

std::vector<LatencyHistogram::Octave> LatencyHistogram::Octaves() const {
  std::vector<Octave> octaves;
  for (size_t i = 0; i < kNumBuckets; ++i) {
    if (counts_[i] == 0) continue;
    // No bucket is on both sides of a power of two.
    const auto bits =
        static_cast<int>(absl::bit_width(static_cast<uint64_t>(EndOf(i))));
    const absl::Duration below = absl::Nanoseconds(std::ldexp(1.0, bits));
    if (octaves.empty() || octaves.back().below != below) {
      octaves.push_back({below, 0});
    }
    octaves.back().count += counts_[i];
  }
  return octaves;
}

}  // namespace emb
