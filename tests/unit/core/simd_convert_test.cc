#include "core/simd_convert.h"

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include "Eigen/Core"
#include "gtest/gtest.h"
#include "tests/testing/make_table.h"
#include "tests/testing/simd_targets.h"

namespace emb {
namespace {

float FloatOf(uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}

// Everything that lies on, just below or just above a value of 16 bits, or
// halfway between two; and a million random patterns.
std::vector<float> Inputs() {
  std::vector<float> inputs;
  for (uint32_t high = 0; high < 0x10000; ++high) {
    for (const uint32_t low : {0U, 1U, 0x7FFFU, 0x8000U, 0x8001U, 0xFFFFU}) {
      inputs.push_back(FloatOf(high << 16 | low));
    }
  }
  for (uint32_t half = 0; half < 0x10000; ++half) {
    const float value = static_cast<float>(
        Eigen::numext::bit_cast<Eigen::half>(static_cast<uint16_t>(half)));
    const float next = static_cast<float>(
        Eigen::numext::bit_cast<Eigen::half>(static_cast<uint16_t>(half + 1)));
    const float middle = value + (next - value) / 2;
    for (const float x : {value, middle}) {
      inputs.push_back(x);
      inputs.push_back(std::nextafter(x, 0.0F));
      inputs.push_back(std::nextafter(x, 1e38F));
    }
  }
  std::mt19937 random(3);
  for (int i = 0; i < 1'000'000; ++i) {
    inputs.push_back(FloatOf(static_cast<uint32_t>(random())));
  }
  return inputs;
}

// Eigen's own conversions are the oracle.
template <typename Narrow>
void ExpectConverts(void (*convert)(absl::Span<const float>,
                                    absl::Span<std::byte>)) {
  const std::vector<float> inputs = Inputs();
  ForEachSimdTarget([&] {
    std::vector<uint16_t> got(inputs.size());
    convert(inputs, {reinterpret_cast<std::byte*>(got.data()),
                     got.size() * sizeof(uint16_t)});
    for (size_t i = 0; i < inputs.size(); ++i) {
      const auto mine = Eigen::numext::bit_cast<Narrow>(got[i]);
      if (std::isnan(inputs[i])) {
        ASSERT_TRUE(std::isnan(static_cast<float>(mine)));
        continue;
      }
      ASSERT_EQ(got[i], Eigen::numext::bit_cast<uint16_t>(
                            static_cast<Narrow>(inputs[i])))
          << inputs[i];
    }
  });
}

TEST(ToFloat16, RoundsToNearestEven) { ExpectConverts<Eigen::half>(ToFloat16); }

TEST(ToBFloat16, RoundsToNearestEven) {
  ExpectConverts<Eigen::bfloat16>(ToBFloat16);
}

TEST(ToFloat16, ConvertsAnyNumberOfElements) {
  for (size_t count = 0; count < 70; ++count) {
    const std::vector<float> values(count, 1.0F);
    std::vector<std::byte> out(2 * count + 3, std::byte{9});
    ToFloat16(values, absl::MakeSpan(out).subspan(1, 2 * count));
    for (size_t i = 0; i < count; ++i) {
      EXPECT_EQ(out[1 + 2 * i], std::byte{0x00});
      EXPECT_EQ(out[2 + 2 * i], std::byte{0x3C});
    }
    EXPECT_EQ(out[0], std::byte{9});
    EXPECT_EQ(out[2 * count + 1], std::byte{9});
  }
}

}  // namespace
}  // namespace emb
