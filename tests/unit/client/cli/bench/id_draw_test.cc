#include "client/cli/bench/id_draw.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <memory>
#include <random>
#include <vector>

#include "client/cli/bench/zipf_ranks.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace emb {
namespace {

using testing::ElementsAre;

std::vector<int64_t> Take(IdDraw& draw, size_t count) {
  std::vector<int64_t> ids(count);
  for (int64_t& id : ids) id = draw.Next();
  return ids;
}

// Pearson's chi-squared of counts against probabilities, over bins of at least
// 20 expected draws; less than its mean plus five standard deviations.
void ExpectFits(const std::vector<int64_t>& counts,
                const std::vector<double>& probabilities, int64_t draws) {
  double chi_squared = 0;
  double num_bins = 0;
  double expected = 0;
  double seen = 0;
  for (size_t i = 0; i < counts.size(); ++i) {
    expected += probabilities[i] * static_cast<double>(draws);
    seen += static_cast<double>(counts[i]);
    if (expected < 20 && i + 1 < counts.size()) continue;
    chi_squared += (seen - expected) * (seen - expected) / expected;
    num_bins += 1;
    expected = seen = 0;
  }
  const double degrees = num_bins - 1;
  EXPECT_LT(chi_squared, degrees + 5 * std::sqrt(2 * degrees) + 1);
}

TEST(ZipfRanks, FollowTheLaw) {
  constexpr int64_t kDraws = 200'000;
  for (const double exponent : {0.3, 0.99, 1.0, 1.2, 3.0}) {
    for (const int64_t num_ranks : {1, 2, 10, 1'000}) {
      SCOPED_TRACE(testing::Message() << exponent << " of " << num_ranks);
      std::vector<double> probabilities(static_cast<size_t>(num_ranks));
      double total = 0;
      for (size_t i = 0; i < probabilities.size(); ++i) {
        probabilities[i] = std::pow(static_cast<double>(i + 1), -exponent);
        total += probabilities[i];
      }
      for (double& probability : probabilities) probability /= total;
      std::mt19937_64 random(5);
      const ZipfRanks ranks(num_ranks, exponent);
      std::vector<int64_t> counts(static_cast<size_t>(num_ranks));
      for (int64_t i = 0; i < kDraws; ++i) {
        const int64_t rank = ranks.Draw(random);
        ASSERT_GE(rank, 0);
        ASSERT_LT(rank, num_ranks);
        ++counts[static_cast<size_t>(rank)];
      }
      ExpectFits(counts, probabilities, kDraws);
    }
  }
}

TEST(ZipfRanks, StayInsideAnyTable) {
  std::mt19937_64 random(5);
  for (const double exponent : {1e-9, 0.99, 1.0, 50.0}) {
    for (const int64_t num_ranks : {int64_t{1} << 31, int64_t{1} << 60}) {
      const ZipfRanks ranks(num_ranks, exponent);
      for (int i = 0; i < 10'000; ++i) {
        const int64_t rank = ranks.Draw(random);
        ASSERT_GE(rank, 0);
        ASSERT_LT(rank, num_ranks);
      }
    }
  }
}

TEST(Scatter, IsAPermutation) {
  for (const int64_t size : {1, 2, 3, 4, 6, 12, 100, 1'009, 30'030}) {
    for (const uint64_t seed : {uint64_t{0}, uint64_t{7}, ~uint64_t{0}}) {
      const Scatter scatter(size, seed);
      std::vector<int64_t> seen(static_cast<size_t>(size));
      for (int64_t k = 0; k < size; ++k) {
        ++seen.at(static_cast<size_t>(scatter(k)));
      }
      EXPECT_THAT(seen, testing::Each(1));
    }
  }
}

// The thousand hottest of a million rows stand in a thousand different
// stretches, more or less.
TEST(Scatter, SpreadsTheFirstRanksEvenly) {
  const Scatter scatter(1'000'000, 3);
  std::vector<int64_t> hot(1'000);
  for (size_t k = 0; k < hot.size(); ++k) {
    hot[k] = scatter(static_cast<int64_t>(k));
  }
  std::sort(hot.begin(), hot.end());
  for (size_t i = 1; i < hot.size(); ++i) {
    EXPECT_GE(hot[i] - hot[i - 1], 50);
    EXPECT_LE(hot[i] - hot[i - 1], 3'000);
  }
}

TEST(IdDraw, UniformIsUniform) {
  constexpr int64_t kDraws = 100'000;
  const auto draw = DrawUniform(50, 1);
  std::vector<int64_t> counts(50);
  for (const int64_t id : Take(*draw, kDraws)) {
    ++counts.at(static_cast<size_t>(id));
  }
  ExpectFits(counts, std::vector<double>(50, 0.02), kDraws);
}

TEST(IdDraw, ASeedNamesTheIds) {
  const auto make = {
      +[](uint64_t seed) { return DrawUniform(1'000'000, seed); },
      +[](uint64_t seed) { return DrawZipf(1'000'000, 0.99, seed); }};
  for (const auto& draw : make) {
    EXPECT_EQ(Take(*draw(1), 100), Take(*draw(1), 100));
    EXPECT_NE(Take(*draw(1), 100), Take(*draw(2), 100));
  }
}

// The hottest row of a table is the one that rank 0 is scattered to.
TEST(IdDraw, ZipfScattersItsRanks) {
  const auto draw = DrawZipf(1'000, 1.5, 9);
  std::vector<int64_t> counts(1'000);
  for (const int64_t id : Take(*draw, 20'000)) {
    ++counts.at(static_cast<size_t>(id));
  }
  const auto hottest = std::max_element(counts.begin(), counts.end());
  EXPECT_EQ(hottest - counts.begin(), Scatter(1'000, 9)(0));
}

TEST(IdDraw, ATraceBeginsAgain) {
  const std::vector<int64_t> trace = {4, 1, 1};
  EXPECT_THAT(Take(*DrawTrace(trace), 7), ElementsAre(4, 1, 1, 4, 1, 1, 4));
}

}  // namespace
}  // namespace emb
