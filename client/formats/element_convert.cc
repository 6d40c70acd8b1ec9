#include "client/formats/element_convert.h"

#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <system_error>
#include <type_traits>

#include "absl/strings/charconv.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/status_macros.h"

namespace emb {
namespace {

// Storage formats without a C++ type.
struct HalfBits {
  uint16_t bits;
};
struct BrainBits {
  uint16_t bits;
};

// Exact, and keeps the payload of a NaN.
float Widen(HalfBits half) {
  const uint32_t sign = static_cast<uint32_t>(half.bits & 0x8000U) << 16;
  const uint32_t exponent = half.bits >> 10 & 0x1FU;
  const uint32_t fraction = half.bits & 0x3FFU;
  if (exponent == 0) {  // Zero or subnormal: fraction * 2^-24.
    const float size = static_cast<float>(fraction) * 0x1p-24F;
    return sign != 0 ? -size : size;
  }
  const uint32_t wide = exponent == 0x1F ? 0xFFU : exponent + 127 - 15;
  return std::bit_cast<float>(sign | wide << 23 | fraction << 13);
}

float Widen(BrainBits brain) {
  return std::bit_cast<float>(static_cast<uint32_t>(brain.bits) << 16);
}

template <typename T>
T Load(const std::byte* in, bool big_endian) {
  std::array<std::byte, sizeof(T)> bytes;
  for (size_t i = 0; i < sizeof(T); ++i) {
    bytes[i] = in[big_endian ? sizeof(T) - 1 - i : i];
  }
  return std::bit_cast<T>(bytes);
}

// An integer is exact if what is left of its highest bit and right of its
// lowest fits into 24 bits.
template <typename T>
bool FitsFloat(T value) {
  using Unsigned = std::make_unsigned_t<T>;
  auto part = static_cast<Unsigned>(value);
  if (value < T{0}) part = static_cast<Unsigned>(Unsigned{0} - part);
  const uint64_t size = part;
  if (size == 0) return true;
  return 64 - std::countl_zero(size) - std::countr_zero(size) <= 24;
}

absl::Status CannotHold(absl::string_view value, absl::string_view type,
                        int64_t at, int64_t dim) {
  return absl::InvalidArgumentError(
      absl::StrCat("row ", at / dim, ", column ", at % dim, ": ", value, " (",
                   type, "), float32 cannot hold it"));
}

// A decimal number as the nearest float64; infinite where it is beyond that.
// False: no number, or something follows it.
bool ParseDouble(absl::string_view text, double& value) {
  if (text.size() > 1 && text.front() == '+' && text[1] != '-') {
    text.remove_prefix(1);
  }
  // It would take hexadecimal numbers too.
  if (absl::StrContains(text, 'x') || absl::StrContains(text, 'X')) {
    return false;
  }
  const auto [end, error] =
      absl::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || end != text.data() + text.size()) return false;
  if (error == std::errc::result_out_of_range && std::abs(value) > 1) {
    value = std::copysign(std::numeric_limits<double>::infinity(), value);
    return true;
  }
  return error == std::errc{} || error == std::errc::result_out_of_range;
}

bool SpellsInfinity(absl::string_view text) {
  return text.find_first_of("iI") != absl::string_view::npos;
}

// The nearest float32 of a number of which `value` is the nearest float64.
// Where that lies in the middle of two floats it does not know which is
// nearer; the text does.
float NearestFloat(absl::string_view text, double value) {
  const auto nearest = static_cast<float>(value);
  const double error = std::abs(static_cast<double>(nearest) - value);
  if (error == 0 || !std::isfinite(nearest)) return nearest;
  const float other = std::nextafter(
      nearest, value > nearest ? std::numeric_limits<float>::infinity()
                               : -std::numeric_limits<float>::infinity());
  if (std::abs(static_cast<double>(other) - value) != error) return nearest;
  if (text.front() == '+') text.remove_prefix(1);
  float exact = nearest;
  absl::from_chars(text.data(), text.data() + text.size(), exact);
  return exact;
}

}  // namespace

void ConversionTally::Count(double value, float stored, int64_t at) {
  if (std::isnan(value)) {
    ++num_nan;
  } else if (std::isinf(value)) {
    ++num_infinite;
  } else if (const double error = std::abs(value - stored); error > 0) {
    ++num_rounded;
    if (error > max_abs_error) {
      max_abs_error = error;
      max_error_at = at;
    }
  }
}

template <typename T>
absl::Status ElementConverter::ConvertFrom(absl::Span<const std::byte> in,
                                           absl::Span<float> out) {
  for (size_t i = 0; i < out.size(); ++i, ++next_) {
    const T value = Load<T>(in.data() + i * sizeof(T), big_endian_);
    if constexpr (std::is_integral_v<T>) {
      if (!FitsFloat(value)) {
        return CannotHold(absl::StrCat(value), SourceTypeName(type_), next_,
                          dim_);
      }
      out[i] = static_cast<float>(value);
    } else if constexpr (std::is_same_v<T, double>) {
      out[i] = static_cast<float>(value);
      if (std::isinf(out[i]) && std::isfinite(value)) {
        return CannotHold(absl::StrFormat("%.17g", value), "float64", next_,
                          dim_);
      }
      tally_.Count(value, out[i], next_);
    } else {
      if constexpr (std::is_same_v<T, float>) {
        out[i] = value;
      } else {
        out[i] = Widen(value);
      }
      if (!std::isfinite(out[i])) tally_.Count(out[i], out[i], next_);
    }
  }
  return absl::OkStatus();
}

absl::Status ElementConverter::Convert(absl::Span<const std::byte> in,
                                       absl::Span<float> out) {
  switch (type_) {
    case SourceType::kFloat16:
      return ConvertFrom<HalfBits>(in, out);
    case SourceType::kBFloat16:
      return ConvertFrom<BrainBits>(in, out);
    case SourceType::kFloat32:
      return ConvertFrom<float>(in, out);
    case SourceType::kFloat64:
      return ConvertFrom<double>(in, out);
    case SourceType::kInt8:
      return ConvertFrom<int8_t>(in, out);
    case SourceType::kInt16:
      return ConvertFrom<int16_t>(in, out);
    case SourceType::kInt32:
      return ConvertFrom<int32_t>(in, out);
    case SourceType::kInt64:
      return ConvertFrom<int64_t>(in, out);
    case SourceType::kUint8:
      return ConvertFrom<uint8_t>(in, out);
    case SourceType::kUint16:
      return ConvertFrom<uint16_t>(in, out);
    case SourceType::kUint32:
      return ConvertFrom<uint32_t>(in, out);
    case SourceType::kUint64:
      return ConvertFrom<uint64_t>(in, out);
    case SourceType::kText:
      break;
  }
  return absl::InternalError("text has no elements of fixed size");
}

absl::StatusOr<float> ParseFloat(absl::string_view text, int64_t at,
                                 ConversionTally& tally) {
  double value = 0;
  if (!ParseDouble(text, value)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "\"", absl::CHexEscape(text.substr(0, 32)), "\", want a number"));
  }
  const float stored = NearestFloat(text, value);
  if (std::isinf(stored) && !SpellsInfinity(text)) {
    return absl::InvalidArgumentError(
        absl::StrCat(text.substr(0, 32), ", float32 cannot hold it"));
  }
  tally.Count(value, stored, at);
  return stored;
}

bool IsNumber(absl::string_view text) {
  double value = 0;
  return ParseDouble(text, value);
}

}  // namespace emb
