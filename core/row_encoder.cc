#include "core/row_encoder.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "core/quantize.h"
#include "core/simd_convert.h"
#include "core/simd_decode.h"

namespace emb {
namespace {

bool IsRowwise(DType dtype) {
  return dtype == DType::kInt8Rowwise || dtype == DType::kInt4Rowwise;
}

absl::Status ElementError(DType dtype, size_t column, float element,
                          absl::string_view want) {
  return absl::InvalidArgumentError(absl::StrCat(
      "column ", column, ": ", element, ", ", DTypeName(dtype), " ", want));
}

void Store(DType dtype, absl::Span<const float> row,
           absl::Span<std::byte> out) {
  switch (dtype) {
    case DType::kFloat32:
      std::memcpy(out.data(), row.data(), out.size());
      return;
    case DType::kFloat16:
      return ToFloat16(row, out);
    case DType::kBFloat16:
      return ToBFloat16(row, out);
    case DType::kInt8Rowwise:
      return QuantizeRowInt8(row, out);
    case DType::kInt4Rowwise:
      return QuantizeRowInt4(row, out);
  }
}

// More than this an element is never off by where scale and bias fit:
// generously half a step of int4, what float16 rounds off scale and bias, and
// 15 of its smallest steps.
double LargestErrorOf(absl::Span<const float> row) {
  const auto [low, high] = std::minmax_element(row.begin(), row.end());
  const double bias = *low;
  return (*high - bias) / 8 + std::abs(bias) * 0x1p-10 + 0x1p-20;
}

}  // namespace

RowEncoder::RowEncoder(const RowFormat& format)
    : format_(format),
      decoded_(format.dtype == DType::kFloat32
                   ? 0
                   : static_cast<size_t>(format.dim)) {}

absl::Status RowEncoder::Encode(absl::Span<const float> row,
                                absl::Span<std::byte> out) {
  assert(static_cast<int64_t>(row.size()) == format_.dim);
  assert(static_cast<int64_t>(out.size()) == format_.row_bytes());
  if (IsRowwise(format_.dtype)) {
    const auto bad = std::find_if_not(row.begin(), row.end(),
                                      [](float x) { return std::isfinite(x); });
    if (bad != row.end()) {
      return ElementError(format_.dtype, static_cast<size_t>(bad - row.begin()),
                          *bad, "holds finite numbers only");
    }
  }
  Store(format_.dtype, row, out);
  if (format_.dtype == DType::kFloat32) return absl::OkStatus();
  DecodeRow(format_, out.data(), reinterpret_cast<std::byte*>(decoded_.data()));
  return CheckAndCount(row);
}

absl::Status RowEncoder::CheckAndCount(absl::Span<const float> row) {
  const double largest =
      IsRowwise(format_.dtype) ? LargestErrorOf(row) : INFINITY;
  for (size_t i = 0; i < row.size(); ++i) {
    if (!std::isfinite(row[i])) continue;
    const double error = std::abs(double{row[i]} - double{decoded_[i]});
    if (!std::isfinite(decoded_[i]) || error > largest) {
      return ElementError(format_.dtype, i, row[i],
                          IsRowwise(format_.dtype)
                              ? "cannot hold it beside the others of its row"
                              : "cannot hold it");
    }
    max_abs_ = std::max(max_abs_, error);
    sum_of_squares_ += error * error;
    ++count_;
  }
  return absl::OkStatus();
}

QuantizationError RowEncoder::error() const {
  if (count_ == 0) return {};
  return {max_abs_, std::sqrt(sum_of_squares_ / static_cast<double>(count_))};
}

}  // namespace emb
