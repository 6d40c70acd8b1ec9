#include "client/formats/element_convert.h"

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/client/cli/npy_bytes.h"

namespace emb {
namespace {

using absl::StatusCode;
using testing::HasSubstr;

constexpr float kInf = std::numeric_limits<float>::infinity();

absl::Span<const std::byte> AsBytes(const std::string& text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

template <typename T>
absl::StatusOr<std::vector<float>> Convert(SourceType type,
                                           const std::vector<T>& values,
                                           ConversionTally* tally = nullptr) {
  ElementConverter converter(type, /*big_endian=*/false, /*dim=*/2);
  std::vector<float> out(values.size());
  const absl::Status status =
      converter.Convert(AsBytes(BytesOf(values)), absl::MakeSpan(out));
  if (tally != nullptr) *tally = converter.tally();
  if (!status.ok()) return status;
  return out;
}

TEST(ElementConverter, WidensEveryFloat16) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    EMB_ASSERT_OK_AND_ASSIGN(
        const std::vector<float> got,
        Convert<uint16_t>(SourceType::kFloat16, {static_cast<uint16_t>(bits)}));
    const uint32_t exponent = bits >> 10 & 31;
    const uint32_t fraction = bits & 1023;
    const double sign = bits & 0x8000 ? -1 : 1;
    if (exponent == 31 && fraction != 0) {
      EXPECT_EQ(std::bit_cast<uint32_t>(got[0]),
                (bits & 0x8000) << 16 | 0x7F800000 | fraction << 13);
      continue;
    }
    const double want =
        exponent == 31 ? kInf
        : exponent == 0
            ? std::ldexp(fraction, -24)
            : std::ldexp(1024 + fraction, static_cast<int>(exponent) - 25);
    EXPECT_EQ(got[0], sign * want) << bits;
    EXPECT_EQ(std::signbit(got[0]), sign < 0) << bits;
  }
}

TEST(ElementConverter, WidensBFloat16) {
  EMB_ASSERT_OK_AND_ASSIGN(
      const std::vector<float> got,
      Convert<uint16_t>(SourceType::kBFloat16,
                        {0x3F80, 0x8000, 0x7F80, 0x0001, 0x7FC1}));
  EXPECT_EQ(got[0], 1.F);
  EXPECT_TRUE(std::signbit(got[1]));
  EXPECT_EQ(got[2], kInf);
  EXPECT_EQ(std::bit_cast<uint32_t>(got[3]), 0x00010000U);
  EXPECT_EQ(std::bit_cast<uint32_t>(got[4]), 0x7FC10000U);
}

TEST(ElementConverter, KeepsEveryBitOfAFloat32) {
  const std::vector<uint32_t> bits = {0,          0x80000000, 1,
                                      0x7F7FFFFF, 0x7F800001, 0xFFC12345};
  EMB_ASSERT_OK_AND_ASSIGN(const std::vector<float> got,
                           Convert(SourceType::kFloat32, bits));
  for (size_t i = 0; i < bits.size(); ++i) {
    EXPECT_EQ(std::bit_cast<uint32_t>(got[i]), bits[i]);
  }
}

TEST(ElementConverter, ReadsBigEndianElements) {
  ElementConverter converter(SourceType::kInt16, /*big_endian=*/true, 2);
  std::vector<float> out(2);
  EMB_ASSERT_OK(converter.Convert(AsBytes(std::string("\x01\x02\xFF\xFE", 4)),
                                  absl::MakeSpan(out)));
  EXPECT_EQ(out, (std::vector<float>{258, -2}));
}

TEST(ElementConverter, RoundsFloat64ToTheNearestAndCounts) {
  ConversionTally tally;
  const double third = 1.0 / 3;
  EMB_ASSERT_OK_AND_ASSIGN(
      const std::vector<float> got,
      Convert<double>(SourceType::kFloat64,
                      {1, third, 0x1p24 + 1, 0x1p24 + 3, kInf, std::nan("")},
                      &tally));
  EXPECT_EQ(got[1], static_cast<float>(third));
  EXPECT_EQ(got[2], 0x1p24F);  // Ties to even,
  EXPECT_EQ(got[3], 0x1p24F + 4);
  EXPECT_EQ(tally.num_rounded, 3);
  EXPECT_EQ(tally.max_abs_error, 1);
  EXPECT_EQ(tally.max_error_at, 2);  // and the first of equals.
  EXPECT_EQ(tally.num_infinite, 1);
  EXPECT_EQ(tally.num_nan, 1);
}

TEST(ElementConverter, TakesIntegersThatFloat32HoldsExactly) {
  constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
  EMB_ASSERT_OK_AND_ASSIGN(
      const std::vector<float> got,
      Convert<int64_t>(SourceType::kInt64, {0, -1, 1 << 24, -(1 << 24),
                                            int64_t{0xFFFFFF} << 39, kMin}));
  EXPECT_EQ(got, (std::vector<float>{0, -1, 0x1p24F, -0x1p24F, 0xFFFFFFp39F,
                                     -0x1p63F}));
  EMB_ASSERT_OK_AND_ASSIGN(
      const std::vector<float> wide,
      Convert<uint64_t>(SourceType::kUint64, {uint64_t{1} << 63, 7}));
  EXPECT_EQ(wide, (std::vector<float>{0x1p63F, 7}));
  EMB_ASSERT_OK_AND_ASSIGN(const std::vector<float> narrow,
                           Convert<int8_t>(SourceType::kInt8, {-128, 127}));
  EXPECT_EQ(narrow, (std::vector<float>{-128, 127}));
}

// Dim is 2: the third element is row 1, column 0.
TEST(ElementConverter, NamesTheFirstValueThatDoesNotFit) {
  const auto refused = [](const std::string& complaint) {
    return StatusIs(StatusCode::kInvalidArgument, HasSubstr(complaint));
  };
  EXPECT_THAT(Convert<int32_t>(SourceType::kInt32, {1, 2, 16777217, 16777219}),
              refused("row 1, column 0: 16777217 (int32), float32 cannot"));
  EXPECT_THAT(Convert<int32_t>(SourceType::kInt32, {1, -16777217}),
              refused("row 0, column 1: -16777217 (int32)"));
  EXPECT_THAT(Convert<uint32_t>(SourceType::kUint32, {0xFFFFFFFF}),
              refused("row 0, column 0: 4294967295 (uint32)"));
  EXPECT_THAT(Convert<int64_t>(SourceType::kInt64,
                               {std::numeric_limits<int64_t>::max()}),
              refused("9223372036854775807 (int64)"));
  EXPECT_THAT(Convert<uint64_t>(SourceType::kUint64,
                                {std::numeric_limits<uint64_t>::max()}),
              refused("18446744073709551615 (uint64)"));
  EXPECT_THAT(Convert<double>(SourceType::kFloat64, {1, 2, 3, -1e39}),
              refused("row 1, column 1: -9.9999999999999994e+38 (float64)"));
}

// The greatest float32, and the first float64 that is rounded beyond it.
TEST(ElementConverter, KnowsTheEdgeOfFloat32) {
  const double edge = 0x1.FFFFFFp127;
  EMB_EXPECT_OK(
      Convert<double>(SourceType::kFloat64, {std::nextafter(edge, 0)}));
  EXPECT_THAT(Convert<double>(SourceType::kFloat64, {edge}),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("row 0")));
}

TEST(ParseFloat, ReadsDecimals) {
  const struct {
    std::string text;
    float want;
  } cases[] = {
      {"0", 0},
      {"-0", -0.F},
      {"0.1", 0.1F},
      {"+1.5", 1.5F},
      {"-2.2008276e+00", -2.2008276F},
      {".5", .5F},
      {"5.", 5},
      {"1e-46", 0},
      {"-1e-400", -0.F},
      {"1.4e-45", 0x1p-149F},
      {"3.4028235e38", 0x1.FFFFFEp127F},
      {"inf", kInf},
      {"-Infinity", -kInf},
      // The nearest float64 lies in the middle of two floats.
      {"1.00000005960464477540", 1 + 0x1p-23F},
      {"1.00000005960464477538", 1},
      {"1.000000059604644775390625", 1},
      {"1.000000178813934326171875", 1 + 0x1p-22F},
  };
  for (const auto& c : cases) {
    ConversionTally tally;
    EMB_ASSERT_OK_AND_ASSIGN(const float got, ParseFloat(c.text, 0, tally));
    EXPECT_EQ(std::bit_cast<uint32_t>(got), std::bit_cast<uint32_t>(c.want))
        << c.text;
  }
  ConversionTally tally;
  EMB_ASSERT_OK_AND_ASSIGN(const float nan, ParseFloat("NaN", 3, tally));
  EXPECT_TRUE(std::isnan(nan));
  EXPECT_EQ(tally.num_nan, 1);
}

TEST(ParseFloat, RefusesTheRest) {
  ConversionTally tally;
  for (const std::string text : {"", "-", "+", "+-1", "1,5", "0x10", "1 2",
                                 "abc", "1.2.3", "--1", "1e", "nanny"}) {
    EXPECT_THAT(
        ParseFloat(text, 0, tally),
        StatusIs(StatusCode::kInvalidArgument, HasSubstr("want a number")))
        << text;
    EXPECT_FALSE(IsNumber(text));
  }
  for (const std::string text : {"1e39", "-3.5e38", "1e400"}) {
    EXPECT_THAT(ParseFloat(text, 0, tally),
                StatusIs(StatusCode::kInvalidArgument,
                         HasSubstr("float32 cannot hold it")))
        << text;
  }
}

}  // namespace
}  // namespace emb
