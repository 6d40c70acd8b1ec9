// Matrices with orthonormal columns or rows.
#ifndef EMB_CORE_ORTHOGONAL_H_
#define EMB_CORE_ORTHOGONAL_H_

#include <cstdint>

#include "absl/types/span.h"

namespace emb {

// Largest num_rows * dim * min(num_rows, dim): about a minute, since nothing
// can interrupt it. 1,000,000 x 64 is a sixteenth of it.
inline constexpr int64_t kOrthogonalWorkMax = int64_t{1} << 36;

// Bytes of memory that Orthogonalise takes beside its argument.
int64_t OrthogonaliseScratchBytes(int64_t num_rows, int64_t dim);

// Replaces a [num_rows, dim] matrix of independent normals by gain times the
// orthogonal factor of its QR decomposition: orthonormal columns, or rows
// where there are fewer of them. The factor is made unique by a triangle R
// with a positive diagonal.
//
// Source   torch.nn.init.orthogonal_; Saxe et al. 2013, section 3. Within
//          2e-5, more for ill-conditioned draws: a LAPACK rounds in another
//          order. Ours is in float64, the same bits on every CPU.
// Cost     4 num_rows * dim * min(num_rows, dim) operations, one thread.
// REQUIRES: values.size() == num_rows * dim; num_rows, dim >= 1.
template <typename T>
void Orthogonalise(int64_t num_rows, int64_t dim, double gain,
                   absl::Span<T> values);

}  // namespace emb

#endif  // EMB_CORE_ORTHOGONAL_H_
