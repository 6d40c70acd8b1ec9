#include "core/erfinv.h"

#include <cmath>
#include <limits>

#include "gtest/gtest.h"

namespace emb {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();

// The derivative of erfinv, by which an error in y grows.
double Slope(double x) { return std::sqrt(M_PI) / 2 * std::exp(x * x); }

TEST(Erfinv, IsTheInverseOfErf) {
  for (double y = -0.9999; y < 0.99985; y += 0.0001) {
    const double x = Erfinv(y);
    ASSERT_NEAR(std::erf(x), y, 1e-15) << y;
    const auto y_f = static_cast<float>(y);
    const double exact = Erfinv(static_cast<double>(y_f));
    // A few units of float32 in y.
    ASSERT_NEAR(Erfinv(y_f), exact, 3e-7 * (std::abs(exact) + Slope(exact)))
        << y;
  }
}

TEST(Erfinv, HasTheEdgesOfTheFunction) {
  EXPECT_EQ(Erfinv(1.0F), kInf);
  EXPECT_EQ(Erfinv(-1.0F), -kInf);
  EXPECT_EQ(Erfinv(0.0F), 0.0F);
  EXPECT_TRUE(std::isnan(Erfinv(1.0000001F)));
  EXPECT_TRUE(std::isnan(Erfinv(-2.0)));
  EXPECT_TRUE(std::isnan(Erfinv(std::numeric_limits<double>::quiet_NaN())));
  EXPECT_TRUE(std::isfinite(Erfinv(std::nextafter(1.0F, 0.0F))));
}

}  // namespace
}  // namespace emb
