// Fills a matrix by an initializer, piece by piece and in order.
#ifndef EMB_CORE_FILL_H_
#define EMB_CORE_FILL_H_

#include <cstdint>

#include "absl/functional/function_ref.h"
#include "absl/types/span.h"
#include "core/initializer.h"

namespace emb {

// Receives consecutive pieces of a row-major matrix; `offset` counts
// elements. Pieces come in order and cover the matrix once.
using FillSink =
    absl::FunctionRef<void(int64_t offset, absl::Span<const float> values)>;

// Draws a [num_rows, dim] float32 matrix from the generator seeded with
// `seed` and hands it to `sink`. The values are those of
// torch.manual_seed(seed) followed by torch.nn.init.<scheme>_; equal
// arguments give equal bits on any machine. Memory: 256 KiB.
//
// Source: torch.nn.init (see each scheme's formula in the .cc).
// REQUIRES: num_rows >= 1, dim >= 1.
void FillMatrix(const Initializer& initializer, uint64_t seed, int64_t num_rows,
                int64_t dim, FillSink sink);

}  // namespace emb

#endif  // EMB_CORE_FILL_H_
