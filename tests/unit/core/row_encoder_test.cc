#include "core/row_encoder.h"

#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include "core/simd_decode.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"

namespace emb {
namespace {

using absl::StatusCode;
using testing::EndsWith;
using testing::HasSubstr;

constexpr float kInf = std::numeric_limits<float>::infinity();

absl::Status Encode(DType dtype, const std::vector<float>& row) {
  const RowFormat format = {dtype, static_cast<int64_t>(row.size())};
  std::vector<std::byte> out(static_cast<size_t>(format.row_bytes()));
  return RowEncoder(format).Encode(row, absl::MakeSpan(out));
}

TEST(RowEncoder, MeasuresWhatIsLost) {
  // 2049 lies between two float16s, an even and an odd one; 1 is exact.
  RowEncoder encoder({DType::kFloat16, 2});
  std::vector<std::byte> out(4);
  EMB_ASSERT_OK(encoder.Encode({1, 2049}, absl::MakeSpan(out)));
  EXPECT_EQ(encoder.error().max_abs, 1);
  EXPECT_DOUBLE_EQ(encoder.error().rms, std::sqrt(1.0 / 2));
  EMB_ASSERT_OK(encoder.Encode({1, 2}, absl::MakeSpan(out)));
  EXPECT_EQ(encoder.error().max_abs, 1);
  EXPECT_DOUBLE_EQ(encoder.error().rms, std::sqrt(1.0 / 4));
}

TEST(RowEncoder, Float32LosesNothing) {
  RowEncoder encoder({DType::kFloat32, 3});
  const std::vector<float> row = {0.1F, kInf, NAN};
  std::vector<std::byte> out(12);
  EMB_ASSERT_OK(encoder.Encode(row, absl::MakeSpan(out)));
  EXPECT_EQ(std::memcmp(out.data(), row.data(), 12), 0);
  EXPECT_EQ(encoder.error().max_abs, 0);
  EXPECT_EQ(encoder.error().rms, 0);
}

TEST(RowEncoder, RefusesWhatFloat16CannotHold) {
  // 65520 is the first that rounds to infinity.
  EMB_EXPECT_OK(Encode(DType::kFloat16, {65519.99F, kInf, NAN}));
  EXPECT_THAT(Encode(DType::kFloat16, {1, 65520}),
              StatusIs(StatusCode::kInvalidArgument,
                       EndsWith("column 1: 65520, float16 cannot hold it")));
  EXPECT_THAT(Encode(DType::kBFloat16, {-3.4e38F}),
              StatusIs(StatusCode::kInvalidArgument,
                       HasSubstr("column 0: -3.4e+38, bfloat16")));
}

TEST(RowEncoder, RefusesWhatHasNoCodes) {
  for (const DType dtype : {DType::kInt8Rowwise, DType::kInt4Rowwise}) {
    for (const float bad : {kInf, -kInf, NAN}) {
      EXPECT_THAT(Encode(dtype, {0, 1, 2, bad}),
                  StatusIs(StatusCode::kInvalidArgument,
                           HasSubstr("holds finite numbers only")));
    }
    // The range is beyond float32.
    EXPECT_THAT(
        Encode(dtype, {-3e38F, 3e38F}),
        StatusIs(StatusCode::kInvalidArgument, HasSubstr("cannot hold it")));
  }
  // Beyond the float16 of int4's scale, then of its bias.
  EXPECT_THAT(
      Encode(DType::kInt4Rowwise, {0, 1e7F}),
      StatusIs(StatusCode::kInvalidArgument, HasSubstr("column 1: 1e+07")));
  EXPECT_THAT(
      Encode(DType::kInt4Rowwise, {-7e4F, 0}),
      StatusIs(StatusCode::kInvalidArgument, HasSubstr("cannot hold it")));
}

// No row that fits is taken for one that does not.
TEST(RowEncoder, TakesRowsOfAnySize) {
  for (const DType dtype : {DType::kInt8Rowwise, DType::kInt4Rowwise}) {
    for (const float size : {0.0F, 1e-38F, 1e-12F, 1e-6F, 1.0F, 6e4F}) {
      EMB_EXPECT_OK(Encode(dtype, {size, -size, size / 3, 0}));
      EMB_EXPECT_OK(Encode(dtype, {size, size}));
      EMB_EXPECT_OK(Encode(dtype, {size, size * 1.0001F}));
    }
  }
}

}  // namespace
}  // namespace emb
