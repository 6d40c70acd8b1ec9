// max_norm: rows scaled down to a norm.
//
// Source: torch.embedding_renorm_ (PyTorch 1.13.1, CPU). It sums a norm in
// another order, so scaled rows agree within 2e-7; rows that are left alone,
// bit by bit.
#ifndef EMB_CORE_RENORMALISE_H_
#define EMB_CORE_RENORMALISE_H_

#include <cstdint>

#include "absl/types/span.h"

namespace emb {

struct MaxNorm {
  double limit = 0;      // Rows of a greater norm are scaled down to it.
  double norm_type = 2;  // The p of the p-norm; any value.
};

// The p-norm of a row, rounded to float32: for p = 0 the number of elements
// other than 0, for +-infinity the largest or smallest magnitude, else
// (sum |x|^p)^(1/p). NaN if an element or p is.
float RowNorm(absl::Span<const float> row, double p);

// Multiplies the row by limit / (norm + 1e-7) if its norm is greater than the
// limit. A second call may scale by an ulp or so again: not idempotent.
void RenormaliseRow(const MaxNorm& max_norm, absl::Span<float> row);

// Renormalises, in place, each distinct row of `ids` once, in ascending order;
// `rows` is [num_rows, dim]. A padding row is a row like any other.
// REQUIRES: every id is in [0, num_rows).
void Renormalise(const MaxNorm& max_norm, int64_t dim,
                 absl::Span<const int64_t> ids, absl::Span<float> rows);

}  // namespace emb

#endif  // EMB_CORE_RENORMALISE_H_
