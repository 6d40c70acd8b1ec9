#include "core/quantize.h"

#include <cmath>
#include <cstddef>
#include <limits>
#include <random>
#include <vector>

#include "core/dtype.h"
#include "core/simd_decode.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace emb {
namespace {

struct Scheme {
  DType dtype;
  void (*quantize)(absl::Span<const float>, absl::Span<std::byte>);
  int codes;
};

constexpr Scheme kInt8 = {DType::kInt8Rowwise, QuantizeRowInt8, 255};
constexpr Scheme kInt4 = {DType::kInt4Rowwise, QuantizeRowInt4, 15};

std::vector<float> ThereAndBack(const Scheme& scheme,
                                const std::vector<float>& row) {
  const RowFormat format = {scheme.dtype, static_cast<int64_t>(row.size())};
  std::vector<std::byte> packed(static_cast<size_t>(format.row_bytes()));
  scheme.quantize(row, absl::MakeSpan(packed));
  std::vector<float> back(row.size());
  DecodeRow(format, packed.data(), reinterpret_cast<std::byte*>(back.data()));
  return back;
}

// Half a step of the row's range; int4's float16 bias and scale are off by
// 2^-11 of themselves.
TEST(Quantize, IsOffByHalfAStep) {
  std::mt19937 random(7);
  std::normal_distribution<float> normal(0.5F, 3.0F);
  for (const Scheme& scheme : {kInt8, kInt4}) {
    for (const size_t dim : {2U, 4U, 10U, 64U, 300U}) {
      std::vector<float> row(dim);
      float largest = 0;
      for (float& x : row) {
        x = normal(random);
        largest = std::max(largest, std::abs(x));
      }
      const auto [low, high] = std::minmax_element(row.begin(), row.end());
      const float step = (*high - *low) / static_cast<float>(scheme.codes);
      const float float16_error =
          scheme.dtype == DType::kInt4Rowwise ? 3 * largest * 0x1p-11F : 0;
      const std::vector<float> back = ThereAndBack(scheme, row);
      for (size_t i = 0; i < dim; ++i) {
        ASSERT_NEAR(back[i], row[i], step * 0.501F + float16_error);
      }
    }
  }
}

TEST(Quantize, AConstantRowIsExact) {
  for (const Scheme& scheme : {kInt8, kInt4}) {
    EXPECT_THAT(ThereAndBack(scheme, {0.75F, 0.75F}), testing::Each(0.75F));
    EXPECT_THAT(ThereAndBack(scheme, {0, 0}), testing::Each(0.0F));
  }
}

TEST(Quantize, PacksTheEvenColumnLow) {
  // Bias 0, scale 1: the codes are the values.
  const std::vector<float> row = {0, 15, 7, 2};
  std::vector<std::byte> packed(6);
  QuantizeRowInt4(row, absl::MakeSpan(packed));
  EXPECT_EQ(packed[0], std::byte{0xF0});
  EXPECT_EQ(packed[1], std::byte{0x27});
  EXPECT_EQ(packed[2], std::byte{0x00});
  EXPECT_EQ(packed[3], std::byte{0x3C});  // 1.0 in float16.
}

TEST(Quantize, RoundsTiesToEven) {
  // Scale 1: 0.5 and 2.5 lie between codes.
  std::vector<std::byte> packed(12);
  QuantizeRowInt8({0, 0.5F, 2.5F, 255}, absl::MakeSpan(packed));
  EXPECT_EQ(packed[1], std::byte{0});
  EXPECT_EQ(packed[2], std::byte{2});
}

// No meaningful codes, but no undefined behaviour either.
TEST(Quantize, SurvivesRowsThatAreNoNumbers) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float inf = std::numeric_limits<float>::infinity();
  for (const Scheme& scheme : {kInt8, kInt4}) {
    ThereAndBack(scheme, {nan, 1});
    ThereAndBack(scheme, {inf, -inf});
    ThereAndBack(scheme, {3e38F, -3e38F});
  }
}

}  // namespace
}  // namespace emb
