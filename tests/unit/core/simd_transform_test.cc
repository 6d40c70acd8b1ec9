#include "core/simd_transform.h"

#include <cmath>
#include <cstddef>
#include <vector>

#include "core/torch_mt19937.h"
#include "gtest/gtest.h"

namespace emb {
namespace {

std::vector<float> Units(size_t count) {
  std::vector<float> units(count);
  TorchMt19937(17).FillUnit(absl::MakeSpan(units));
  return units;
}

TEST(ScaleUnitUniforms, RoundsOnceForEveryLength) {
  for (size_t count = 0; count < 70; ++count) {
    const std::vector<float> units = Units(count);
    std::vector<float> got = units;
    ScaleUnitUniforms(-0.3F, 0.7F, absl::MakeSpan(got));
    for (size_t i = 0; i < count; ++i) {
      ASSERT_EQ(got[i], std::fma(units[i], 0.7F, -0.3F)) << i;
    }
  }
}

// Against the formula in float64. Theta carries a float32 rounding, so the
// bound is absolute: 5e-6 standard deviations.
TEST(UniformsToNormals, IsBoxMullerInBlocksOfSixteen) {
  constexpr size_t kCount = 16 * 4'096;
  constexpr float kMean = 0.25F;
  constexpr float kStd = 3.0F;
  const std::vector<float> units = Units(kCount);
  std::vector<float> got = units;
  UniformsToNormals(kMean, kStd, absl::MakeSpan(got));
  for (size_t block = 0; block < kCount; block += 16) {
    for (size_t j = block; j < block + 8; ++j) {
      const double u1 = 1.0 - static_cast<double>(units[j]);
      const double theta = 2 * M_PI * static_cast<double>(units[j + 8]);
      const double r = std::sqrt(-2 * std::log(u1));
      ASSERT_NEAR(got[j], r * std::cos(theta) * kStd + kMean, 5e-6 * kStd);
      ASSERT_NEAR(got[j + 8], r * std::sin(theta) * kStd + kMean, 5e-6 * kStd);
    }
  }
}

TEST(UniformsToNormals, TheEdgesOfTheUniformsAreFinite) {
  std::vector<float> values(16, 0.0F);  // u1 = 1: ln is 0.
  values[1] = 1.0F - 0x1p-24F;          // The smallest u1.
  values[9] = 1.0F - 0x1p-24F;          // The largest angle.
  UniformsToNormals(0, 1, absl::MakeSpan(values));
  for (const float value : values) EXPECT_TRUE(std::isfinite(value));
  EXPECT_EQ(values[0], 0.0F);
}

}  // namespace
}  // namespace emb
