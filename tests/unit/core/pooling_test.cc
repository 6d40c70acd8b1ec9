#include "core/pooling.h"

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/make_table.h"
#include "tests/testing/simd_targets.h"
#include "tests/testing/status_matchers.h"

namespace emb {
namespace {

using absl::StatusCode;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

std::unique_ptr<const Table> MakeTable(int64_t num_rows, int64_t dim,
                                       const std::vector<float>& values) {
  TableBuilder builder(num_rows, {DType::kFloat32, dim});
  builder.Write(0, AsBytes(values));
  return builder.Build();
}

std::vector<float> Pool(const Table& table, PoolMode mode, const Bags& bags,
                        const AbsentIds& absent) {
  std::vector<float> out(
      bags.lengths.size() * static_cast<size_t>(table.row_bytes() / 4), -1.0F);
  PoolBags(table, mode, bags, absent, AsWritableBytes(absl::MakeSpan(out)));
  return out;
}

// One bag of rows of one element each.
float PoolElements(PoolMode mode, const std::vector<float>& elements) {
  const auto size = static_cast<int64_t>(elements.size());
  const auto table = MakeTable(size, 1, elements);
  std::vector<int64_t> ids;
  for (int64_t id = 0; id < size; ++id) ids.push_back(id);
  return Pool(*table, mode, {ids, {size}, {}}, AbsentIds(size))[0];
}

bool SameBits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() &&
         std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

// What PoolBags says, one element after another.
std::vector<float> PoolPlainly(const Table& table, PoolMode mode,
                               const Bags& bags, const AbsentIds& absent) {
  const auto dim = static_cast<size_t>(table.row_bytes() / 4);
  std::vector<float> out;
  size_t i = 0;
  for (const int64_t length : bags.lengths) {
    std::vector<float> bag(dim);
    int count = 0;
    for (const size_t end = i + static_cast<size_t>(length); i < end; ++i) {
      if (absent.Contains(bags.ids[i])) continue;
      const auto* row = reinterpret_cast<const float*>(table.row(bags.ids[i]));
      for (size_t c = 0; c < dim; ++c) {
        if (mode == PoolMode::kMax) {
          if (count == 0 || row[c] > bag[c]) bag[c] = row[c];
        } else if (bags.weights.empty()) {
          bag[c] += row[c];
        } else {
          bag[c] = absent.has_padding()
                       ? bag[c] + bags.weights[i] * row[c]
                       : std::fma(bags.weights[i], row[c], bag[c]);
        }
      }
      ++count;
    }
    for (float& x : bag) {
      if (mode == PoolMode::kMean && count > 0) x /= static_cast<float>(count);
    }
    out.insert(out.end(), bag.begin(), bag.end());
  }
  return out;
}

// A random table, ids with some absent ones, bags of many lengths.
struct RandomBags {
  RandomBags(int64_t dim, std::mt19937& random)
      : num_rows(1 + static_cast<int64_t>(random() % 2'000)) {
    std::normal_distribution<float> normal;
    std::vector<float> values(static_cast<size_t>(num_rows * dim));
    for (float& x : values) x = normal(random) * 1e3F;
    table = MakeTable(num_rows, dim, values);
    for (int bag = 0; bag < 40; ++bag) {
      lengths.push_back(bag % 5 == 0 ? 0 : static_cast<int64_t>(random() % 70));
      for (int64_t i = 0; i < lengths.back(); ++i) {
        ids.push_back(static_cast<int64_t>(random() % (num_rows + 5)) - 2);
        weights.push_back(normal(random));
      }
    }
  }

  int64_t num_rows;
  std::unique_ptr<const Table> table;
  std::vector<int64_t> ids;
  std::vector<int64_t> lengths;
  std::vector<float> weights;
};

// Odd dims and tails, every instruction set, bit by bit.
TEST(PoolBags, AgreesWithAPlainLoop) {
  std::mt19937 random(13);
  for (const int64_t dim :
       {1,  2,  3,  5,  7,  8,   9,   15,  16,  17,  31,
        32, 33, 63, 64, 65, 100, 127, 128, 129, 200, 1'000}) {
    SCOPED_TRACE(dim);
    const RandomBags some(dim, random);
    const AbsentIds absent(some.num_rows, 0, some.num_rows - 1);
    const Bags bags = {some.ids, some.lengths, {}};
    const Bags weighted = {some.ids, some.lengths, some.weights};
    ForEachSimdTarget([&] {
      for (const PoolMode mode :
           {PoolMode::kSum, PoolMode::kMean, PoolMode::kMax}) {
        EXPECT_TRUE(SameBits(Pool(*some.table, mode, bags, absent),
                             PoolPlainly(*some.table, mode, bags, absent)));
      }
      for (const AbsentIds& ids : {absent, AbsentIds(some.num_rows)}) {
        EXPECT_TRUE(
            SameBits(Pool(*some.table, PoolMode::kSum, weighted, ids),
                     PoolPlainly(*some.table, PoolMode::kSum, weighted, ids)));
      }
    });
  }
}

TEST(PoolBags, LeavesOutPaddingAndIdsOutside) {
  const auto table = MakeCountingTable(4, 2);
  const std::vector<int64_t> ids = {3, 2, -1, 2, 9, 9, 1};
  const std::vector<int64_t> lengths = {3, 0, 1, 3};
  const AbsentIds absent(4, 2);
  EXPECT_THAT(Pool(*table, PoolMode::kSum, {ids, lengths, {}}, absent),
              ElementsAre(6, 7, 0, 0, 0, 0, 2, 3));
  EXPECT_THAT(Pool(*table, PoolMode::kMean, {ids, lengths, {}}, absent),
              ElementsAre(6, 7, 0, 0, 0, 0, 2, 3));
  EXPECT_THAT(Pool(*table, PoolMode::kMax, {ids, lengths, {}}, absent),
              ElementsAre(6, 7, 0, 0, 0, 0, 2, 3));
}

TEST(PoolBags, WeightsOfAbsentIdsAreIgnored) {
  const auto table = MakeCountingTable(4, 2);
  EXPECT_THAT(Pool(*table, PoolMode::kSum,
                   {{3, 0, 1}, {3}, {2.0F, kNan, -1.0F}}, AbsentIds(4, 0)),
              ElementsAre(10, 11));
}

TEST(PoolBags, MaxKeepsTheFirstOfEqualsAndPassesLaterNaNsOver) {
  EXPECT_TRUE(std::isnan(PoolElements(PoolMode::kMax, {kNan, 1, 2})));
  EXPECT_EQ(PoolElements(PoolMode::kMax, {1, kNan, 2, kNan}), 2);
  EXPECT_FALSE(std::signbit(PoolElements(PoolMode::kMax, {0.0F, -0.0F})));
  EXPECT_TRUE(std::signbit(PoolElements(PoolMode::kMax, {-0.0F, 0.0F})));
  EXPECT_EQ(PoolElements(PoolMode::kMax, {-3, -1, -2}), -1);
}

// Neither pairwise nor in float64: 1e8 swallows every 1 that comes after it.
TEST(PoolBags, SumsInBagOrderInFloat32) {
  EXPECT_EQ(PoolElements(PoolMode::kSum, {1e8F, 1, 1, 1, 1, 1, 1, 1}), 1e8F);
  EXPECT_EQ(PoolElements(PoolMode::kSum, {4, 4, 1e8F}), 100'000'008.0F);
  // Starts at +0.
  EXPECT_FALSE(std::signbit(PoolElements(PoolMode::kSum, {-0.0F})));
  // A division, no product with the reciprocal.
  EXPECT_EQ(PoolElements(PoolMode::kMean, {3, 0, 0, 0, 0, 0, 0}), 3.0F / 7);
  EXPECT_NE(3.0F / 7, 3.0F * (1.0F / 7));
}

TEST(ParsePoolMode, RefusesOtherNames) {
  EXPECT_THAT(ParsePoolMode("mean"), IsOkAndHolds(PoolMode::kMean));
  for (const char* const name : {"min", "", "Sum"}) {
    EXPECT_THAT(ParsePoolMode(name), StatusIs(StatusCode::kInvalidArgument,
                                              HasSubstr("want sum, mean")));
  }
}

TEST(ValidateLengths, WantsThemToAddUp) {
  EMB_EXPECT_OK(ValidateLengths({2, 0, 3}, 5));
  EMB_EXPECT_OK(ValidateLengths({}, 0));
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  const struct {
    std::vector<int64_t> lengths;
    std::string complaint;
  } cases[] = {
      {{2, -1}, "lengths[1] = -1, want at least 0"},
      {{2, 2}, "add up to 4, but there are 5 ids"},
      {{}, "add up to 0, but there are 5 ids"},
      {{2, 4}, "lengths[1] = 4, want at most 3, as there are 5 ids"},
      {{kMax, kMax, 7}, "lengths[0] = 9223372036854775807"},
  };
  for (const auto& c : cases) {
    EXPECT_THAT(ValidateLengths(c.lengths, 5),
                StatusIs(StatusCode::kInvalidArgument, HasSubstr(c.complaint)));
  }
}

TEST(ValidateWeights, WantsOnePerIdAndASum) {
  EMB_EXPECT_OK(ValidateWeights(PoolMode::kSum, 3, 3));
  EMB_EXPECT_OK(ValidateWeights(PoolMode::kMax, 0, 3));
  EXPECT_THAT(ValidateWeights(PoolMode::kMean, 3, 3),
              StatusIs(StatusCode::kInvalidArgument,
                       HasSubstr("only a sum may have them")));
  EXPECT_THAT(ValidateWeights(PoolMode::kMax, 3, 3),
              StatusIs(StatusCode::kInvalidArgument));
  EXPECT_THAT(ValidateWeights(PoolMode::kSum, 2, 3),
              StatusIs(StatusCode::kInvalidArgument,
                       HasSubstr("there are 2, want one per id: 3")));
}

TEST(LengthsOfOffsets, IsWhatEmbeddingBagTakes) {
  EXPECT_THAT(LengthsOfOffsets({0, 2, 2}, 5, false),
              IsOkAndHolds(ElementsAre(2, 0, 3)));
  EXPECT_THAT(LengthsOfOffsets({0, 2, 2, 5}, 5, true),
              IsOkAndHolds(ElementsAre(2, 0, 3)));
  EXPECT_THAT(LengthsOfOffsets({}, 0, false), IsOkAndHolds(ElementsAre()));
  EXPECT_THAT(LengthsOfOffsets({0}, 0, true), IsOkAndHolds(ElementsAre()));
  EXPECT_THAT(LengthsOfOffsets({0, 0}, 0, false),
              IsOkAndHolds(ElementsAre(0, 0)));
}

TEST(LengthsOfOffsets, RefusesByPosition) {
  const struct {
    std::vector<int64_t> offsets;
    bool include_last_offset;
    std::string complaint;
  } cases[] = {
      {{1, 2}, false, "offsets[0] = 1, want [0, 0]"},
      {{-1}, false, "offsets[0] = -1"},
      {{0, 3, 2}, false, "offsets[2] = 2, want [3, 5]"},
      {{0, -2}, false, "offsets[1] = -2"},
      {{0, 6}, false, "offsets[1] = 6, want [0, 5]"},
      {{0, 2}, true, "offsets[1] = 2, want 5, the number of ids"},
      {{}, false, "offsets: there are none, want one"},
      {{}, true, "offsets: there are none, want one"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.complaint);
    EXPECT_THAT(LengthsOfOffsets(c.offsets, 5, c.include_last_offset),
                StatusIs(StatusCode::kInvalidArgument, HasSubstr(c.complaint)));
  }
}

}  // namespace
}  // namespace emb
