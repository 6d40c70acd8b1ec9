// Vectorised reductions of rows, chosen for the CPU at run time. Every column
// has one float32 accumulator, fed in row order, so the bits are the same on
// every CPU and equal to a plain loop's.
#ifndef EMB_CORE_SIMD_POOLING_H_
#define EMB_CORE_SIMD_POOLING_H_

#include "absl/types/span.h"

namespace emb {

// Rows to reduce, each of out.size() elements; at least one.
using RowPointers = absl::Span<const float* const>;

// out[c] = 0 + rows[0][c] + rows[1][c] + ...
void SumOfRows(RowPointers rows, absl::Span<float> out);

// How a weighted row joins the sum.
enum class Rounding {
  kOnce,   // fma(weight, row, sum)
  kTwice,  // sum + (weight * row)
};

// out[c] = the sum of weights[i] * rows[i][c], from +0 on.
// REQUIRES: weights.size() == rows.size().
void WeightedSumOfRows(RowPointers rows, absl::Span<const float> weights,
                       Rounding rounding, absl::Span<float> out);

// out[c] = rows[0][c], replaced by a later element that is greater.
void MaxOfRows(RowPointers rows, absl::Span<float> out);

// values[i] /= divisor, a true division.
void DivideElements(float divisor, absl::Span<float> values);

}  // namespace emb

#endif  // EMB_CORE_SIMD_POOLING_H_
