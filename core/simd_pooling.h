// Vectorised reductions of rows, chosen for the CPU at run time. Every column
// has one float32 accumulator, fed in row order, so the bits are the same on
// every CPU and equal to a plain loop's.
#ifndef EMB_CORE_SIMD_POOLING_H_
#define EMB_CORE_SIMD_POOLING_H_

#include <cstddef>

#include "absl/types/span.h"
#include "core/row_format.h"

namespace emb {

// Stored rows to reduce, at least one. They are decoded as they are read, to
// the bits of DecodeRow; `out` receives as many float32 elements as each of
// them has, and need not be aligned.
struct StoredRows {
  RowFormat format;
  absl::Span<const std::byte* const> rows;
};

// out[c] = 0 + rows[0][c] + rows[1][c] + ...
void SumOfRows(const StoredRows& rows, std::byte* out);

// The sum, divided (truly) by the number of rows.
void MeanOfRows(const StoredRows& rows, std::byte* out);

// How a weighted row joins the sum.
enum class Rounding {
  kOnce,   // fma(weight, row, sum)
  kTwice,  // sum + (weight * row)
};

// out[c] = the sum of weights[i] * rows[i][c], from +0 on.
// REQUIRES: one weight per row.
void WeightedSumOfRows(const StoredRows& rows, absl::Span<const float> weights,
                       Rounding rounding, std::byte* out);

// out[c] = rows[0][c], replaced by a later element that is greater.
void MaxOfRows(const StoredRows& rows, std::byte* out);

}  // namespace emb

#endif  // EMB_CORE_SIMD_POOLING_H_
