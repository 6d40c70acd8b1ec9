// Fills a matrix by an initializer, piece by piece and in order.
#ifndef EMB_CORE_FILL_H_
#define EMB_CORE_FILL_H_

#include <cstdint>

#include "absl/status/status.h"
#include "core/initializer.h"
#include "core/random_fill.h"
#include "core/torch_mt19937.h"

namespace emb {

// Whether a [num_rows, dim] float32 matrix can be filled so.
//
// Errors   INVALID_ARGUMENT  a gain that takes the bounds beyond float32;
//                            orthogonal: more work than kOrthogonalWorkMax;
//                            sparse: 2^32 rows or more.
// REQUIRES: num_rows >= 1, dim >= 1.
absl::Status CheckFill(const Initializer& initializer, int64_t num_rows,
                       int64_t dim);

// Bytes of memory that a float32 FillMatrix takes: large for orthogonal (five
// times the matrix) and sparse.
int64_t FillScratchBytes(const Initializer& initializer, int64_t num_rows,
                         int64_t dim, int num_threads);

// Draws a [num_rows, dim] matrix of T (float or double) and hands it over, row
// by row. With a fresh TorchMt19937(seed) the values, and what the generator
// draws next, are those of torch.manual_seed(seed) followed by
// torch.nn.init.<scheme>_; equal arguments give equal bits on any machine.
//
// Source: torch.nn.init (see each scheme's formula in the .cc); docs/pytorch.md
// says which schemes have the same bytes and which are within a tolerance.
// REQUIRES: CheckFill is OK, num_rows >= 1, dim >= 1.
template <typename T>
void FillMatrix(const Initializer& initializer, int64_t num_rows, int64_t dim,
                TorchMt19937& generator, const FillOutput<T>& output);

}  // namespace emb

#endif  // EMB_CORE_FILL_H_
