// Vectorised reductions of rows, chosen for the CPU at run time. Every column
// has one float32 accumulator, fed in row order, so the bits are the same on
// every CPU and equal to a plain loop's.
#ifndef EMB_CORE_SIMD_POOLING_H_
#define EMB_CORE_SIMD_POOLING_H_

#include <cstddef>

#include "absl/types/span.h"

namespace emb {

// Rows to reduce, at least one; `out` receives as many float32 elements as each
// of them has, and need not be aligned.
using RowPointers = absl::Span<const float* const>;

// out[c] = 0 + rows[0][c] + rows[1][c] + ...
void SumOfRows(RowPointers rows, absl::Span<std::byte> out);

// The sum, divided (truly) by the number of rows.
void MeanOfRows(RowPointers rows, absl::Span<std::byte> out);

// How a weighted row joins the sum.
enum class Rounding {
  kOnce,   // fma(weight, row, sum)
  kTwice,  // sum + (weight * row)
};

// out[c] = the sum of weights[i] * rows[i][c], from +0 on.
// REQUIRES: weights.size() == rows.size().
void WeightedSumOfRows(RowPointers rows, absl::Span<const float> weights,
                       Rounding rounding, absl::Span<std::byte> out);

// out[c] = rows[0][c], replaced by a later element that is greater.
void MaxOfRows(RowPointers rows, absl::Span<std::byte> out);

}  // namespace emb

#endif  // EMB_CORE_SIMD_POOLING_H_
