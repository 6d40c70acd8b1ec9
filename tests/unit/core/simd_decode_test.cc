#include "core/simd_decode.h"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <random>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/simd_targets.h"

namespace emb {
namespace {

// IEEE binary16 by its definition, in steps that are all exact.
float ValueOfFloat16(uint16_t half) {
  const int exponent = (half >> 10) & 31;
  const auto fraction = static_cast<float>(half & 1023);
  float size = 0;
  if (exponent == 31) {
    size = fraction == 0 ? INFINITY : NAN;
  } else if (exponent == 0) {
    size = std::ldexp(fraction, -24);
  } else {
    size = std::ldexp(fraction + 1024, exponent - 25);
  }
  return (half & 0x8000) != 0 ? -size : size;
}

template <typename T>
T ReadAt(const std::byte* address) {
  T value;
  std::memcpy(&value, address, sizeof(value));
  return value;
}

// What DecodeRow says, one element after another.
float Element(const RowFormat& format, const std::byte* row, int64_t column) {
  const int code = std::to_integer<int>(
      row[format.dtype == DType::kInt4Rowwise ? column / 2 : column]);
  switch (format.dtype) {
    case DType::kFloat32:
      return ReadAt<float>(row + 4 * column);
    case DType::kFloat16:
      return ValueOfFloat16(ReadAt<uint16_t>(row + 2 * column));
    case DType::kBFloat16: {
      const uint32_t bits = uint32_t{ReadAt<uint16_t>(row + 2 * column)} << 16;
      return ReadAt<float>(reinterpret_cast<const std::byte*>(&bits));
    }
    case DType::kInt8Rowwise: {
      const std::byte* const end = row + format.dim;
      const float product = static_cast<float>(code) * ReadAt<float>(end);
      return product + ReadAt<float>(end + 4);
    }
    case DType::kInt4Rowwise: {
      const std::byte* const end = row + format.dim / 2;
      const int half = column % 2 == 0 ? code & 15 : code >> 4;
      const float product =
          static_cast<float>(half) * ValueOfFloat16(ReadAt<uint16_t>(end));
      return product + ValueOfFloat16(ReadAt<uint16_t>(end + 2));
    }
  }
  return 0;
}

// Decodes to an odd address and back.
std::vector<float> Decode(const RowFormat& format, const std::byte* row) {
  std::vector<std::byte> out(static_cast<size_t>(format.float_bytes()) + 1);
  DecodeRow(format, row, out.data() + 1);
  std::vector<float> values(static_cast<size_t>(format.dim));
  std::memcpy(values.data(), out.data() + 1, out.size() - 1);
  return values;
}

bool SameNumber(float a, float b) {
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && std::isnan(b);
  return std::memcmp(&a, &b, sizeof(a)) == 0;
}

TEST(DecodeRow, TakesEveryFloat16) {
  std::vector<uint16_t> halves(1 << 16);
  for (size_t i = 0; i < halves.size(); ++i) {
    halves[i] = static_cast<uint16_t>(i);
  }
  const RowFormat format = {DType::kFloat16, 1 << 16};
  ForEachSimdTarget([&] {
    const std::vector<float> values =
        Decode(format, reinterpret_cast<const std::byte*>(halves.data()));
    for (size_t i = 0; i < halves.size(); ++i) {
      ASSERT_TRUE(SameNumber(values[i], ValueOfFloat16(halves[i]))) << i;
    }
  });
}

TEST(DecodeRow, AgreesWithOneElementAtATime) {
  std::mt19937 random(5);
  for (const DType dtype : {DType::kFloat32, DType::kFloat16, DType::kBFloat16,
                            DType::kInt8Rowwise, DType::kInt4Rowwise}) {
    for (const int64_t dim : {2, 4, 6, 14, 16, 30, 32, 62, 64, 66, 130}) {
      const RowFormat format = {dtype, dim};
      std::vector<std::byte> row(static_cast<size_t>(format.row_bytes()));
      for (std::byte& byte : row) byte = static_cast<std::byte>(random());
      ForEachSimdTarget([&] {
        const std::vector<float> values = Decode(format, row.data());
        for (int64_t column = 0; column < dim; ++column) {
          ASSERT_TRUE(SameNumber(values[static_cast<size_t>(column)],
                                 Element(format, row.data(), column)))
              << DTypeName(dtype) << " " << dim << " " << column;
        }
      });
    }
  }
}

TEST(DecodeRow, TakesOddDims) {
  const std::vector<uint16_t> row = {0x3F80, 0x4000, 0x4040};
  EXPECT_THAT(Decode({DType::kBFloat16, 3},
                     reinterpret_cast<const std::byte*>(row.data())),
              testing::ElementsAre(1, 2, 3));
  const RowFormat int8 = {DType::kInt8Rowwise, 5};
  std::vector<std::byte> zeros(static_cast<size_t>(int8.row_bytes()));
  EXPECT_THAT(Decode(int8, zeros.data()), testing::Each(0));
}

}  // namespace
}  // namespace emb
