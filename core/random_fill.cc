#include "core/random_fill.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstddef>
#include <vector>

#include "core/erfinv.h"
#include "core/simd_transform.h"

namespace emb {
namespace {

constexpr int64_t kNormalBlock = 16;
static_assert(kFillPiece % kNormalBlock == 0);

// Turns unit uniforms into values, in place. Pieces begin at multiples of
// kFillPiece.
template <typename T>
using Transform = absl::FunctionRef<void(absl::Span<T> piece)>;

template <typename T>
absl::Span<T> PieceOf(absl::Span<T> batch, int64_t index) {
  const auto begin = static_cast<size_t>(index * kFillPiece);
  return batch.subspan(begin, static_cast<size_t>(kFillPiece));
}

// Draws `count` unit uniforms, transforms and hands them over, in batches of
// one piece a thread. `finish` gets the last batch, transformed, which is
// never shorter than kNormalBlock unless it is the only one.
template <typename T>
void DrawAndTransform(int64_t count, TorchMt19937& generator,
                      const FillOutput<T>& output, Transform<T> transform,
                      Transform<T> finish) {
  const int64_t batch_size = kFillPiece * std::max(1, output.num_threads);
  std::vector<T> buffer(
      static_cast<size_t>(std::min(batch_size + kNormalBlock, count)));
  for (int64_t offset = 0; offset < count && !output.cancelled();) {
    const int64_t left = count - offset;
    const bool last = left < batch_size + kNormalBlock;
    const auto batch = absl::MakeSpan(buffer).first(
        static_cast<size_t>(last ? left : batch_size));
    generator.FillUnit(batch);
    const auto pieces =
        (static_cast<int64_t>(batch.size()) + kFillPiece - 1) / kFillPiece;
    output.parallel(pieces, [&](int64_t i) { transform(PieceOf(batch, i)); });
    if (last) finish(batch);
    output.sink(offset, batch);
    offset += static_cast<int64_t>(batch.size());
  }
}

template <typename T>
void DoNothing(absl::Span<T> /*batch*/) {}

void Scale(float low, float width, absl::Span<float> values) {
  ScaleUnitUniforms(low, width, values);
}

void Scale(double low, double width, absl::Span<double> values) {
  for (double& value : values) value = std::fma(value, width, low);
}

void BlocksToNormals(float mean, float std, absl::Span<float> values) {
  UniformsToNormals(mean, std, values);
}

// Source: Box and Muller 1958, in blocks as UniformsToNormals.
void BlocksToNormals(double mean, double std, absl::Span<double> values) {
  for (size_t block = 0; block < values.size(); block += kNormalBlock) {
    for (size_t j = block; j < block + kNormalBlock / 2; ++j) {
      const double r = std::sqrt(-2.0 * std::log(1.0 - values[j]));
      const double theta = 2.0 * M_PI * values[j + kNormalBlock / 2];
      values[j] = r * std::cos(theta) * std + mean;
      values[j + kNormalBlock / 2] = r * std::sin(theta) * std + mean;
    }
  }
}

// Fewer than 16 elements: one by one in float64, two from each pair of
// uniforms.
template <typename T>
void FillSmallNormal(double mean, double std, int64_t count,
                     TorchMt19937& generator, const FillOutput<T>& output) {
  std::vector<T> values(static_cast<size_t>(count));
  for (T& value : values) {
    value = static_cast<T>(generator.NextNormalDouble() * std + mean);
  }
  if (count > 0) output.sink(0, values);
}

// 16 and more: in blocks of 16 uniforms. If the last block is short, the last
// 16 elements are drawn a second time and form a block of their own.
template <typename T>
void FillBlockNormal(double mean, double std, int64_t count,
                     TorchMt19937& generator, const FillOutput<T>& output) {
  const auto mean_t = static_cast<T>(mean);
  const auto std_t = static_cast<T>(std);
  const auto transform = [&](absl::Span<T> piece) {
    const size_t whole = piece.size() - piece.size() % kNormalBlock;
    BlocksToNormals(mean_t, std_t, piece.first(whole));
  };
  const auto redraw_short_block = [&](absl::Span<T> batch) {
    if (count % kNormalBlock == 0) return;
    const auto tail = batch.last(kNormalBlock);
    generator.FillUnit(tail);
    BlocksToNormals(mean_t, std_t, tail);
  };
  DrawAndTransform<T>(count, generator, output, transform, redraw_short_block);
}

// The standard normal's distribution function.
double NormalCdf(double x) { return (1.0 + std::erf(x / std::sqrt(2.0))) / 2; }

}  // namespace

template <typename T>
void FillUniform(double low, double high, int64_t count,
                 TorchMt19937& generator, const FillOutput<T>& output) {
  const auto low_t = static_cast<T>(low);
  const T width = static_cast<T>(high) - low_t;
  assert(std::isfinite(width));
  const auto transform = [&](absl::Span<T> piece) {
    Scale(low_t, width, piece);
  };
  DrawAndTransform<T>(count, generator, output, transform, DoNothing<T>);
}

template <typename T>
void FillNormal(double mean, double std, int64_t count, TorchMt19937& generator,
                const FillOutput<T>& output) {
  if (count < kNormalBlock) {
    FillSmallNormal(mean, std, count, generator, output);
  } else {
    FillBlockNormal(mean, std, count, generator, output);
  }
}

template <typename T>
void FillTruncNormal(double mean, double std, double low, double high,
                     int64_t count, TorchMt19937& generator,
                     const FillOutput<T>& output) {
  const double l = NormalCdf((low - mean) / std);
  const double u = NormalCdf((high - mean) / std);
  const auto from = static_cast<T>(2 * l - 1);
  const T width = static_cast<T>(2 * u - 1) - from;
  const auto scale = static_cast<T>(std * std::sqrt(2.0));
  const auto shift = static_cast<T>(mean);
  const auto low_t = static_cast<T>(low);
  const auto high_t = static_cast<T>(high);
  const auto transform = [&](absl::Span<T> piece) {
    Scale(from, width, piece);
    for (T& value : piece) {
      value = std::clamp(Erfinv(value) * scale + shift, low_t, high_t);
    }
  };
  DrawAndTransform<T>(count, generator, output, transform, DoNothing<T>);
}

template void FillUniform(double, double, int64_t, TorchMt19937&,
                          const FillOutput<float>&);
template void FillUniform(double, double, int64_t, TorchMt19937&,
                          const FillOutput<double>&);
template void FillNormal(double, double, int64_t, TorchMt19937&,
                         const FillOutput<float>&);
template void FillNormal(double, double, int64_t, TorchMt19937&,
                         const FillOutput<double>&);
template void FillTruncNormal(double, double, double, double, int64_t,
                              TorchMt19937&, const FillOutput<float>&);
template void FillTruncNormal(double, double, double, double, int64_t,
                              TorchMt19937&, const FillOutput<double>&);

}  // namespace emb
