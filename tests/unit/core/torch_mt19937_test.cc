#include "core/torch_mt19937.h"

#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include "gtest/gtest.h"

namespace emb {
namespace {

// The oracle is the standard library's generator of the same name.
TEST(TorchMt19937, IsTheStandardStreamOfTheLowSeedBits) {
  for (const uint64_t seed : {uint64_t{0}, uint64_t{1}, uint64_t{42},
                              (uint64_t{1} << 32) + 5, ~uint64_t{0}}) {
    SCOPED_TRACE(seed);
    TorchMt19937 got(seed);
    std::mt19937 want(static_cast<uint32_t>(seed));
    for (int i = 0; i < 2'000; ++i) ASSERT_EQ(got.Next(), want());
  }
}

TEST(TorchMt19937, UnitFloatsAreTheLow24BitsOfEachDraw) {
  for (const size_t count : {1U, 623U, 624U, 625U, 2'000U}) {
    TorchMt19937 generator(3);
    std::mt19937 want(3);
    std::vector<float> got(count);
    generator.FillUnit(absl::MakeSpan(got));
    for (const float value : got) {
      ASSERT_EQ(value, static_cast<float>(want() & 0xFFFFFF) / 16'777'216);
    }
    // Nothing more was drawn.
    EXPECT_EQ(generator.Next(), want());
  }
}

TEST(TorchMt19937, UnitDoublesTakeTheHighHalfFirst) {
  TorchMt19937 generator(3);
  std::mt19937 want(3);
  for (int i = 0; i < 1'000; ++i) {
    const uint64_t high = want();
    const uint64_t word = high << 32 | want();
    const auto low_53 = static_cast<double>(word & ((uint64_t{1} << 53) - 1));
    ASSERT_EQ(generator.NextUnitDouble(), low_53 / 0x1p53);
  }
}

TEST(TorchMt19937, SkipLeavesOutWhatNextWouldGive) {
  for (const int count : {0, 1, 623, 624, 625, 5'000}) {
    TorchMt19937 skipped(4);
    TorchMt19937 drawn(4);
    skipped.Skip(count);
    for (int i = 0; i < count; ++i) drawn.Next();
    EXPECT_EQ(skipped.Next(), drawn.Next()) << count;
  }
}

TEST(TorchMt19937, NormalsComeInPairs) {
  TorchMt19937 generator(9);
  TorchMt19937 uniforms(9);
  const double u1 = uniforms.NextUnitDouble();
  const double u2 = uniforms.NextUnitDouble();
  const double r = std::sqrt(-2 * std::log(1 - u2));
  EXPECT_DOUBLE_EQ(generator.NextNormalDouble(), r * std::cos(2 * M_PI * u1));
  EXPECT_DOUBLE_EQ(generator.NextNormalDouble(), r * std::sin(2 * M_PI * u1));
  // The pair took four draws, and the second value none of its own.
  EXPECT_EQ(generator.Next(), uniforms.Next());
}

}  // namespace
}  // namespace emb
