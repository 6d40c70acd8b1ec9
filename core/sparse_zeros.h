// Which elements of a sparse initialisation are zero.
#ifndef EMB_CORE_SPARSE_ZEROS_H_
#define EMB_CORE_SPARSE_ZEROS_H_

#include <cstdint>
#include <vector>

#include "core/torch_mt19937.h"

namespace emb {

// Bytes of memory that DrawSparseZeros takes, its result included.
int64_t SparseZerosBytes(int64_t num_rows, int64_t dim);

// Draws, column by column, ceil(sparsity * num_rows) rows to be zero: the
// first of a random permutation. Element [row, column] of the row-major
// result says whether it is one.
//
// Source   torch.nn.init.sparse_ (torch.randperm on CPU). Same bytes.
// Cost     num_rows * dim draws and random writes.
// REQUIRES: num_rows, dim >= 1, sparsity >= 0.
std::vector<bool> DrawSparseZeros(int64_t num_rows, int64_t dim,
                                  double sparsity, TorchMt19937& generator);

}  // namespace emb

#endif  // EMB_CORE_SPARSE_ZEROS_H_
