#include "core/fill.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/orthogonal.h"
#include "core/sparse_zeros.h"

namespace emb {
namespace {

template <typename T>
void FillConstant(double value, int64_t count, const FillOutput<T>& output) {
  const std::vector<T> piece(static_cast<size_t>(std::min(kFillPiece, count)),
                             static_cast<T>(value));
  for (int64_t offset = 0; offset < count && !output.cancelled();
       offset += kFillPiece) {
    const auto left = static_cast<size_t>(std::min(kFillPiece, count - offset));
    output.sink(offset, {piece.data(), left});
  }
}

// Ones on the main diagonal. Source: torch.nn.init.eye_.
template <typename T>
void FillEye(int64_t num_rows, int64_t dim, const FillOutput<T>& output) {
  const int64_t piece_rows = std::max<int64_t>(1, kFillPiece / dim);
  std::vector<T> piece(
      static_cast<size_t>(std::min(piece_rows, num_rows) * dim));
  for (int64_t first = 0; first < num_rows && !output.cancelled();
       first += piece_rows) {
    const int64_t rows = std::min(piece_rows, num_rows - first);
    std::fill(piece.begin(), piece.end(), T{0});
    for (int64_t i = first; i < std::min(first + rows, dim); ++i) {
      piece[static_cast<size_t>((i - first) * dim + i)] = 1;
    }
    output.sink(first * dim, {piece.data(), static_cast<size_t>(rows * dim)});
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

// Half the width of a uniform distribution with this standard deviation.
double UniformBound(double std) { return std::sqrt(3.0) * std; }

// The whole matrix must be there to be decomposed.
template <typename T>
void FillOrthogonal(double gain, int64_t num_rows, int64_t dim,
                    TorchMt19937& generator, const FillOutput<T>& output) {
  std::vector<T> matrix(static_cast<size_t>(num_rows * dim));
  const auto keep = [&](int64_t offset, absl::Span<const T> values) {
    std::copy(values.begin(), values.end(), matrix.begin() + offset);
  };
  FillNormal<T>(0, 1, num_rows * dim, generator, output.To(keep));
  if (output.cancelled()) return;
  Orthogonalise(num_rows, dim, gain, absl::MakeSpan(matrix));
  for (size_t offset = 0; offset < matrix.size(); offset += kFillPiece) {
    output.sink(static_cast<int64_t>(offset),
                absl::MakeConstSpan(matrix).subspan(offset, kFillPiece));
  }
}

// A normal fill of which each column loses some elements. The zeros are drawn
// after the normals but needed with them: so the normals are drawn twice,
// which is cheaper than keeping them.
template <typename T>
void FillSparse(const Initializer& init, int64_t num_rows, int64_t dim,
                TorchMt19937& generator, const FillOutput<T>& output) {
  const int64_t count = num_rows * dim;
  TorchMt19937 again = generator;
  const auto discard = [](int64_t, absl::Span<const T>) {};
  FillNormal<T>(0, init.std, count, generator, output.To(discard));
  if (output.cancelled()) return;
  const std::vector<bool> zeros =
      DrawSparseZeros(num_rows, dim, init.sparsity, generator);
  std::vector<T> kept;
  const auto leave_out = [&](int64_t offset, absl::Span<const T> values) {
    kept.assign(values.begin(), values.end());
    for (size_t i = 0; i < kept.size(); ++i) {
      if (zeros[static_cast<size_t>(offset) + i]) kept[i] = 0;
    }
    output.sink(offset, kept);
  };
  FillNormal<T>(0, init.std, count, again, output.To(leave_out));
}

}  // namespace

absl::Status CheckFill(const Initializer& initializer, int64_t num_rows,
                       int64_t dim) {
  if (initializer.scheme == InitScheme::kXavierUniform) {
    const double bound = UniformBound(XavierStd(initializer, num_rows, dim));
    if (2 * bound > std::numeric_limits<float>::max()) {
      return absl::InvalidArgumentError(
          absl::StrCat("initializer.gain: ", initializer.gain,
                       ", want bounds that are float32 numbers, not ", bound));
    }
  }
  if (initializer.scheme == InitScheme::kOrthogonal) {
    const int64_t rank = std::min(num_rows, dim);
    if (num_rows > kOrthogonalWorkMax / dim / rank) {
      return absl::InvalidArgumentError(absl::StrCat(
          "initializer.scheme: orthogonal for ", num_rows, " x ", dim,
          ", want num_rows * dim * min(num_rows, dim) of at most ",
          kOrthogonalWorkMax));
    }
  }
  // Rows are permuted by 32-bit draws.
  constexpr int64_t kSparseRowsMax = std::numeric_limits<uint32_t>::max();
  if (initializer.scheme == InitScheme::kSparse && num_rows > kSparseRowsMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("initializer.scheme: sparse for ", num_rows,
                     " rows, want at most ", kSparseRowsMax));
  }
  return absl::OkStatus();
}

int64_t FillScratchBytes(const Initializer& initializer, int64_t num_rows,
                         int64_t dim, int num_threads) {
  constexpr auto kElement = static_cast<int64_t>(sizeof(float));
  const int64_t count = num_rows * dim;
  const int64_t pieces =
      kElement * std::min(count, kFillPiece * (num_threads + 1));
  switch (initializer.scheme) {
    case InitScheme::kOrthogonal:
      return pieces + count * kElement +
             OrthogonaliseScratchBytes(num_rows, dim);
    case InitScheme::kSparse:
      return 2 * pieces + SparseZerosBytes(num_rows, dim);
    default:
      return pieces;
  }
}

template <typename T>
void FillMatrix(const Initializer& initializer, int64_t num_rows, int64_t dim,
                TorchMt19937& generator, const FillOutput<T>& output) {
  assert(num_rows >= 1 && dim >= 1);
  const Initializer& init = initializer;
  const int64_t count = num_rows * dim;
  const auto uniform = [&](double std) {
    const double bound = UniformBound(std);
    FillUniform(-bound, bound, count, generator, output);
  };
  switch (init.scheme) {
    case InitScheme::kUniform:
      return FillUniform(init.a, init.b, count, generator, output);
    case InitScheme::kNormal:
      return FillNormal(init.mean, init.std, count, generator, output);
    case InitScheme::kTruncNormal:
      return FillTruncNormal(init.mean, init.std, init.a, init.b, count,
                             generator, output);
    case InitScheme::kConstant:
      return FillConstant(init.val, count, output);
    case InitScheme::kOnes:
      return FillConstant(1.0, count, output);
    case InitScheme::kZeros:
      return FillConstant(0.0, count, output);
    case InitScheme::kEye:
      return FillEye(num_rows, dim, output);
    case InitScheme::kXavierUniform:
      return uniform(XavierStd(init, num_rows, dim));
    case InitScheme::kXavierNormal:
      return FillNormal(0, XavierStd(init, num_rows, dim), count, generator,
                        output);
    case InitScheme::kKaimingUniform:
      return uniform(KaimingStd(init, num_rows, dim));
    case InitScheme::kKaimingNormal:
      return FillNormal(0, KaimingStd(init, num_rows, dim), count, generator,
                        output);
    case InitScheme::kOrthogonal:
      return FillOrthogonal(init.gain, num_rows, dim, generator, output);
    case InitScheme::kSparse:
      return FillSparse(init, num_rows, dim, generator, output);
  }
}

template void FillMatrix(const Initializer&, int64_t, int64_t, TorchMt19937&,
                         const FillOutput<float>&);
template void FillMatrix(const Initializer&, int64_t, int64_t, TorchMt19937&,
                         const FillOutput<double>&);

}  // namespace emb
