#include "core/quantize.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "Eigen/Core"

namespace emb {
namespace {

using Half = Eigen::half;  // Rounds to nearest, ties to even.

constexpr float kCodesInt8 = 255;
constexpr float kCodesInt4 = 15;

// The nearest code, ties to even.
uint8_t CodeOf(float scaled, float largest) {
  // So that NaN becomes a code too.
  if (!(scaled > 0)) return 0;
  return static_cast<uint8_t>(std::min(std::nearbyint(scaled), largest));
}

// Stores the scale, then the bias, behind the codes.
template <typename T>
void StoreScaleAndBias(T scale, T bias, absl::Span<std::byte> out) {
  std::byte* const end = out.data() + out.size();
  std::memcpy(end - 2 * sizeof(T), &scale, sizeof(T));
  std::memcpy(end - sizeof(T), &bias, sizeof(T));
}

// 1 where the scale, or what divides by it, would be no number in float16.
Half ScaleInt4(float range) {
  const auto scale = static_cast<Half>(range / kCodesInt4);
  const float inverse = 1.0F / static_cast<float>(scale);
  const bool usable = inverse > 0 && std::isfinite(inverse);
  return usable ? scale : static_cast<Half>(1.0F);
}

}  // namespace

void QuantizeRowInt8(absl::Span<const float> row, absl::Span<std::byte> out) {
  assert(!row.empty() && out.size() == row.size() + 2 * sizeof(float));
  const auto [low, high] = std::minmax_element(row.begin(), row.end());
  const float range = *high - *low;
  const float inverse = kCodesInt8 / (range + 1e-8F);
  for (size_t i = 0; i < row.size(); ++i) {
    out[i] = std::byte{CodeOf((row[i] - *low) * inverse, kCodesInt8)};
  }
  StoreScaleAndBias(range / kCodesInt8, *low, out);
}

void QuantizeRowInt4(absl::Span<const float> row, absl::Span<std::byte> out) {
  assert(!row.empty() && row.size() % 2 == 0);
  assert(out.size() == row.size() / 2 + 2 * sizeof(Half));
  const auto [low, high] = std::minmax_element(row.begin(), row.end());
  const auto bias = static_cast<Half>(*low);
  const Half scale = ScaleInt4(*high - static_cast<float>(bias));
  const float inverse = 1.0F / static_cast<float>(scale);
  const auto code = [&](float x) {
    return CodeOf((x - static_cast<float>(bias)) * inverse, kCodesInt4);
  };
  for (size_t i = 0; i < row.size(); i += 2) {
    out[i / 2] = std::byte{code(row[i])} | std::byte{code(row[i + 1])} << 4;
  }
  StoreScaleAndBias(scale, bias, out);
}

}  // namespace emb
