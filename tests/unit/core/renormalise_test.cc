#include "core/renormalise.h"

#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace emb {
namespace {

using testing::ElementsAre;

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

TEST(RowNorm, IsThePNorm) {
  const std::vector<float> row = {3, -4, 0};
  const struct {
    double p;
    float want;
  } cases[] = {
      {0, 2},
      {1, 7},
      {2, 5},
      {3, static_cast<float>(std::cbrt(27.0 + 64.0))},
      {0.5, static_cast<float>(std::pow(std::sqrt(3.0) + 2, 2))},
      {std::numeric_limits<double>::infinity(), 4},
      {-std::numeric_limits<double>::infinity(), 0},
      {-1, 0},  // Of a row with a zero.
  };
  for (const auto& c : cases) {
    EXPECT_EQ(RowNorm(row, c.p), c.want) << "p = " << c.p;
  }
  EXPECT_EQ(RowNorm({2.0F, 2.0F}, -1), 1.0F);
}

TEST(RowNorm, IsNaNWhereSomethingIs) {
  for (const double p :
       {1.0, 2.0, 3.0, static_cast<double>(kInf), static_cast<double>(-kInf)}) {
    EXPECT_TRUE(std::isnan(RowNorm({1.0F, kNan, 2.0F}, p))) << p;
  }
  EXPECT_TRUE(std::isnan(RowNorm({1.0F}, kNan)));
}

TEST(RenormaliseRow, ScalesOnlyRowsOfAGreaterNorm) {
  std::vector<float> row = {3, 4};
  RenormaliseRow({5, 2}, absl::MakeSpan(row));
  EXPECT_THAT(row, ElementsAre(3, 4));  // Not greater: untouched.
  RenormaliseRow({1, 2}, absl::MakeSpan(row));
  const auto scale = static_cast<float>(1.0 / (5.0 + 1e-7));
  EXPECT_THAT(row, ElementsAre(3 * scale, 4 * scale));
}

// 0.1 as float32 is a little more than 0.1.
TEST(RenormaliseRow, ComparesTheNormRoundedToFloat32) {
  std::vector<float> row = {0.1F};
  RenormaliseRow({0.1, 2}, absl::MakeSpan(row));
  EXPECT_LT(row[0], 0.1F);
}

TEST(RenormaliseRow, HasPyTorchsEdges) {
  const struct {
    const char* name;
    MaxNorm max_norm;
    std::vector<float> row;
    std::vector<float> want;
  } cases[] = {
      {"limit 0", {0, 2}, {3, -4}, {0, -0.0F}},
      {"zero row", {0, 2}, {0, 0}, {0, 0}},
      {"NaN limit", {kNan, 2}, {3, 4}, {3, 4}},
      {"infinite limit", {kInf, 2}, {3, 4}, {3, 4}},
      {"NaN p", {1, kNan}, {3, 4}, {3, 4}},
      {"infinity in the row", {1, 2}, {kInf, 4}, {kNan, 0}},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    std::vector<float> row = c.row;
    RenormaliseRow(c.max_norm, absl::MakeSpan(row));
    for (size_t i = 0; i < row.size(); ++i) {
      if (std::isnan(c.want[i])) {
        EXPECT_TRUE(std::isnan(row[i])) << i;
      } else {
        EXPECT_EQ(row[i], c.want[i]) << i;
      }
    }
  }
  std::vector<float> row = {3, 4};
  RenormaliseRow({-1, 2}, absl::MakeSpan(row));
  EXPECT_LT(row[0], 0);  // A negative limit turns rows around.
}

// The norm afterwards is the limit, within a rounding of each element.
TEST(RenormaliseRow, BringsTheNormToTheLimit) {
  std::mt19937 random(5);
  std::normal_distribution<float> normal;
  for (const double p : {0.5, 1.0, 2.0, 3.0}) {
    std::vector<float> row(65);
    for (float& x : row) x = normal(random);
    RenormaliseRow({0.75, p}, absl::MakeSpan(row));
    EXPECT_NEAR(RowNorm(row, p), 0.75, 1e-6) << p;
  }
}

TEST(Renormalise, TouchesEachDistinctRowOnce) {
  std::vector<float> once = {3, 4, 30, 40, 300, 400};
  RenormaliseRow({1, 2}, absl::MakeSpan(once).subspan(0, 2));
  RenormaliseRow({1, 2}, absl::MakeSpan(once).subspan(4, 2));
  std::vector<float> rows = {3, 4, 30, 40, 300, 400};
  Renormalise({1, 2}, 2, {2, 0, 2, 2, 0}, absl::MakeSpan(rows));
  EXPECT_EQ(rows, once);
}

}  // namespace
}  // namespace emb
