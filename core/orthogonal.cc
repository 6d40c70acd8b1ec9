// Plain scalar code on every CPU and with every compiler flag, so that the
// bits are the same everywhere.
#define EIGEN_DONT_VECTORIZE
#include "core/orthogonal.h"

#include <algorithm>
#include <cassert>

#include "Eigen/Core"
#include "Eigen/QR"

namespace emb {
namespace {

using Matrix = Eigen::MatrixXd;

// Eigen cuts its products by the caches it finds, and so orders its sums.
void FixOrderOfSums() {
  static const bool fixed = [] {
    Eigen::setCpuCacheSizes(32 << 10, 256 << 10, 1 << 20);
    return true;
  }();
  static_cast<void>(fixed);
}

// 0 for 0, as torch.sign.
double Sign(double x) { return (x > 0 ? 1.0 : 0.0) - (x < 0 ? 1.0 : 0.0); }

// Q of a = Q R for a tall matrix, with R's diagonal made positive.
Matrix OrthogonalFactor(Matrix a) {
  FixOrderOfSums();
  const Eigen::Index columns = a.cols();
  const Eigen::HouseholderQR<Eigen::Ref<Matrix>> qr(a);  // In place.
  Matrix q = qr.householderQ() * Matrix::Identity(a.rows(), columns);
  for (Eigen::Index j = 0; j < columns; ++j) q.col(j) *= Sign(a(j, j));
  return q;
}

}  // namespace

int64_t OrthogonaliseScratchBytes(int64_t num_rows, int64_t dim) {
  // The matrix and its factor in float64.
  return 2 * num_rows * dim * static_cast<int64_t>(sizeof(double));
}

template <typename T>
void Orthogonalise(int64_t num_rows, int64_t dim, double gain,
                   absl::Span<T> values) {
  assert(static_cast<int64_t>(values.size()) == num_rows * dim);
  using RowMajor =
      Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  Eigen::Map<RowMajor> matrix(values.data(), num_rows, dim);
  const auto gain_t = static_cast<T>(gain);
  if (num_rows < dim) {
    matrix = OrthogonalFactor(matrix.transpose().template cast<double>())
                 .transpose()
                 .template cast<T>() *
             gain_t;
  } else {
    matrix =
        OrthogonalFactor(matrix.template cast<double>()).template cast<T>() *
        gain_t;
  }
}

template void Orthogonalise(int64_t, int64_t, double, absl::Span<float>);
template void Orthogonalise(int64_t, int64_t, double, absl::Span<double>);

}  // namespace emb
