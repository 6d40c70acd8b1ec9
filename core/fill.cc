#include "core/fill.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstddef>
#include <vector>

#include "core/simd_transform.h"
#include "core/torch_mt19937.h"

namespace emb {
namespace {

// Elements handed over at a time: 256 KiB. A multiple of kNormalBlock.
constexpr int64_t kPiece = 65'536;
constexpr int64_t kNormalBlock = 16;

void FillConstant(float value, int64_t count, FillSink sink) {
  const std::vector<float> piece(static_cast<size_t>(std::min(kPiece, count)),
                                 value);
  for (int64_t offset = 0; offset < count; offset += kPiece) {
    const int64_t n = std::min(kPiece, count - offset);
    sink(offset, {piece.data(), static_cast<size_t>(n)});
  }
}

// U[low, high) as low + x (high - low) in one rounding.
// Source: torch.nn.init.uniform_. Same bytes.
void FillUniform(double low, double high, uint64_t seed, int64_t count,
                 FillSink sink) {
  TorchMt19937 generator(seed);
  const auto low_f = static_cast<float>(low);
  const float width = static_cast<float>(high) - low_f;
  std::vector<float> buffer(static_cast<size_t>(std::min(kPiece, count)));
  for (int64_t offset = 0; offset < count; offset += kPiece) {
    const auto piece = absl::MakeSpan(buffer).first(
        static_cast<size_t>(std::min(kPiece, count - offset)));
    generator.FillUnit(piece);
    ScaleUnitUniforms(low_f, width, piece);
    sink(offset, piece);
  }
}

// Fewer than 16 elements: one by one in float64, two from each pair of
// uniforms. Source: torch.nn.init.normal_. Same bytes.
void FillSmallNormal(double mean, double std, uint64_t seed, int64_t count,
                     FillSink sink) {
  TorchMt19937 generator(seed);
  std::vector<float> values(static_cast<size_t>(count));
  for (float& value : values) {
    value = static_cast<float>(generator.NextNormalDouble() * std + mean);
  }
  sink(0, values);
}

// 16 and more: in blocks of 16 uniforms. If the last block is short, the last
// 16 elements are drawn a second time and form a block of their own.
// Source: torch.nn.init.normal_. Same bytes.
void FillBlockNormal(double mean, double std, uint64_t seed, int64_t count,
                     FillSink sink) {
  TorchMt19937 generator(seed);
  const auto mean_f = static_cast<float>(mean);
  const auto std_f = static_cast<float>(std);
  std::vector<float> buffer(
      static_cast<size_t>(std::min(kPiece + kNormalBlock, count)));
  for (int64_t offset = 0; offset < count;) {
    // The last piece is never shorter than a block.
    const int64_t left = count - offset;
    const int64_t n = left < kPiece + kNormalBlock ? left : kPiece;
    const auto piece = absl::MakeSpan(buffer).first(static_cast<size_t>(n));
    generator.FillUnit(piece);
    const auto whole = static_cast<size_t>(n - n % kNormalBlock);
    UniformsToNormals(mean_f, std_f, piece.first(whole));
    if (whole < piece.size()) {
      const auto tail = piece.last(kNormalBlock);
      generator.FillUnit(tail);
      UniformsToNormals(mean_f, std_f, tail);
    }
    sink(offset, piece);
    offset += n;
  }
}

void FillNormal(double mean, double std, uint64_t seed, int64_t count,
                FillSink sink) {
  if (count < kNormalBlock) {
    FillSmallNormal(mean, std, seed, count, sink);
  } else {
    FillBlockNormal(mean, std, seed, count, sink);
  }
}

// Glorot and Bengio 2010, equation 16, in the order of operations of
// torch.nn.init.xavier_uniform_ (and _normal_).
double XavierStd(const Initializer& init, int64_t num_rows, int64_t dim) {
  return init.gain * std::sqrt(2.0 / static_cast<double>(dim + num_rows));
}

// He et al. 2015, equations 10 and 14, as torch.nn.init.kaiming_uniform_.
double KaimingStd(const Initializer& init, int64_t num_rows, int64_t dim) {
  const int64_t fan = init.mode == FanMode::kFanIn ? dim : num_rows;
  // A valid initializer's nonlinearity is known.
  const double gain = CalculateGain(init.nonlinearity, init.a).value();
  return gain / std::sqrt(static_cast<double>(fan));
}

// A uniform distribution with standard deviation `std` around zero.
void FillUniformStd(double std, uint64_t seed, int64_t count, FillSink sink) {
  const double bound = std::sqrt(3.0) * std;
  FillUniform(-bound, bound, seed, count, sink);
}

}  // namespace

void FillMatrix(const Initializer& initializer, uint64_t seed, int64_t num_rows,
                int64_t dim, FillSink sink) {
  assert(num_rows >= 1 && dim >= 1);
  const Initializer& init = initializer;
  const int64_t count = num_rows * dim;
  switch (init.scheme) {
    case InitScheme::kUniform:
      return FillUniform(init.a, init.b, seed, count, sink);
    case InitScheme::kNormal:
      return FillNormal(init.mean, init.std, seed, count, sink);
    case InitScheme::kConstant:
      return FillConstant(static_cast<float>(init.val), count, sink);
    case InitScheme::kOnes:
      return FillConstant(1.0F, count, sink);
    case InitScheme::kZeros:
      return FillConstant(0.0F, count, sink);
    case InitScheme::kXavierUniform:
      return FillUniformStd(XavierStd(init, num_rows, dim), seed, count, sink);
    case InitScheme::kXavierNormal:
      return FillNormal(0, XavierStd(init, num_rows, dim), seed, count, sink);
    case InitScheme::kKaimingUniform:
      return FillUniformStd(KaimingStd(init, num_rows, dim), seed, count, sink);
    case InitScheme::kKaimingNormal:
      return FillNormal(0, KaimingStd(init, num_rows, dim), seed, count, sink);
  }
}

}  // namespace emb
