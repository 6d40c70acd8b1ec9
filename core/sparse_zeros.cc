#include "core/sparse_zeros.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <utility>

namespace emb {

int64_t SparseZerosBytes(int64_t num_rows, int64_t dim) {
  return num_rows * static_cast<int64_t>(sizeof(int64_t)) +
         (num_rows * dim + 7) / 8;
}

std::vector<bool> DrawSparseZeros(int64_t num_rows, int64_t dim,
                                  double sparsity, TorchMt19937& generator) {
  const auto rows = static_cast<double>(num_rows);
  const auto num_zeros =
      static_cast<int64_t>(std::min(rows, std::ceil(sparsity * rows)));
  std::vector<bool> zeros(static_cast<size_t>(num_rows * dim));
  std::vector<int64_t> permutation(static_cast<size_t>(num_rows));
  for (int64_t column = 0; column < dim; ++column) {
    std::iota(permutation.begin(), permutation.end(), 0);
    // Fisher and Yates' shuffle; places behind the zeros need not be known,
    // but their numbers are drawn. The last place needs none.
    for (int64_t i = 0; i < num_zeros; ++i) {
      if (i < num_rows - 1) {
        const int64_t other = i + generator.Next() % (num_rows - i);
        std::swap(permutation[static_cast<size_t>(i)],
                  permutation[static_cast<size_t>(other)]);
      }
      const int64_t row = permutation[static_cast<size_t>(i)];
      zeros[static_cast<size_t>(row * dim + column)] = true;
    }
    generator.Skip(std::max<int64_t>(0, num_rows - 1 - num_zeros));
  }
  return zeros;
}

}  // namespace emb
