#include "client/cli/bench/latency_histogram.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <random>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace emb {
namespace {

constexpr int64_t kMax = std::numeric_limits<int64_t>::max();

TEST(LatencyHistogram, OfNothingIsZero) {
  const LatencyHistogram histogram;
  EXPECT_EQ(histogram.count(), 0);
  EXPECT_EQ(histogram.mean(), absl::ZeroDuration());
  EXPECT_EQ(histogram.max(), absl::ZeroDuration());
  EXPECT_EQ(histogram.Percentile(0.5), absl::ZeroDuration());
  EXPECT_TRUE(histogram.Octaves().empty());
}

// Around every power of two, and at both ends of what there is.
TEST(LatencyHistogram, IsOffByOne128thAtMost) {
  std::vector<int64_t> values = {0,   1,         255,      256,
                                 257, 1'000'003, kMax - 1, kMax};
  for (int bit = 1; bit < 62; ++bit) {
    for (const int64_t offset : {-1, 0, 1}) {
      values.push_back((int64_t{1} << bit) + offset);
    }
  }
  for (const int64_t value : values) {
    SCOPED_TRACE(value);
    LatencyHistogram histogram;
    histogram.Record(absl::Nanoseconds(value));
    // So that the percentile is not capped by the maximum.
    histogram.Record(absl::Nanoseconds(kMax));
    const int64_t got = absl::ToInt64Nanoseconds(histogram.Percentile(0.5));
    EXPECT_GE(got, value);
    EXPECT_LE(got - value, value / 128);
    EXPECT_EQ(histogram.max(), absl::Nanoseconds(kMax));
  }
}

TEST(LatencyHistogram, CountsNegativeLatenciesAsZero) {
  LatencyHistogram histogram;
  histogram.Record(-absl::Seconds(1));
  EXPECT_EQ(histogram.count(), 1);
  EXPECT_EQ(histogram.Percentile(1), absl::ZeroDuration());
}

TEST(LatencyHistogram, PercentilesAreThoseOfTheSortedList) {
  std::mt19937_64 random(3);
  std::lognormal_distribution<double> latency(12, 2);
  std::vector<int64_t> values(9'999);
  LatencyHistogram histogram;
  double total = 0;
  for (int64_t& value : values) {
    value = static_cast<int64_t>(latency(random));
    total += static_cast<double>(value);
    histogram.Record(absl::Nanoseconds(value));
  }
  std::sort(values.begin(), values.end());
  for (const double share : {0.0, 0.001, 0.5, 0.9, 0.99, 0.999, 1.0}) {
    SCOPED_TRACE(share);
    const auto rank = static_cast<size_t>(
        std::max(1.0, std::ceil(share * static_cast<double>(values.size()))));
    const int64_t want = values[rank - 1];
    const int64_t got = absl::ToInt64Nanoseconds(histogram.Percentile(share));
    EXPECT_GE(got, want);
    EXPECT_LE(got - want, want / 128);
  }
  EXPECT_EQ(histogram.Percentile(1), histogram.max());
  EXPECT_EQ(histogram.max(), absl::Nanoseconds(values.back()));
  EXPECT_EQ(histogram.mean(), absl::Nanoseconds(total / 9'999));
}

TEST(LatencyHistogram, OctavesEndBelowPowersOfTwo) {
  LatencyHistogram histogram;
  for (const int64_t value : {0, 1, 255, 256, 257, 511, 512}) {
    histogram.Record(absl::Nanoseconds(value));
  }
  histogram.Record(absl::Milliseconds(1));
  std::vector<std::pair<int64_t, int64_t>> octaves;
  for (const auto& octave : histogram.Octaves()) {
    octaves.emplace_back(absl::ToInt64Nanoseconds(octave.below), octave.count);
  }
  EXPECT_THAT(octaves, testing::ElementsAre(
                           testing::Pair(1, 1), testing::Pair(2, 1),
                           testing::Pair(256, 1), testing::Pair(512, 3),
                           testing::Pair(1'024, 1), testing::Pair(1 << 20, 1)));
  // The last, to 2^63, does not overflow.
  LatencyHistogram centuries;
  centuries.Record(absl::Nanoseconds(kMax));
  ASSERT_EQ(centuries.Octaves().size(), 1U);
  EXPECT_GT(centuries.Octaves()[0].below, absl::Nanoseconds(kMax));
}

TEST(LatencyHistogram, MergeIsAsIfOneHadCountedAll) {
  LatencyHistogram one;
  LatencyHistogram other;
  LatencyHistogram all;
  for (int64_t i = 1; i <= 1'000; ++i) {
    const absl::Duration latency = absl::Microseconds(i * i);
    (i % 3 == 0 ? one : other).Record(latency);
    all.Record(latency);
  }
  one.Merge(other);
  EXPECT_EQ(one.count(), 1'000);
  EXPECT_EQ(one.mean(), all.mean());
  EXPECT_EQ(one.max(), all.max());
  for (const double share : {0.1, 0.5, 0.9, 0.99}) {
    EXPECT_EQ(one.Percentile(share), all.Percentile(share));
  }
}

}  // namespace
}  // namespace emb
