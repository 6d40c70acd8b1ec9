// Vectorised conversion of float32 to the narrower types of answers, chosen for
// the CPU at run time, with the same bits on every CPU.
#ifndef EMB_CORE_SIMD_CONVERT_H_
#define EMB_CORE_SIMD_CONVERT_H_

#include <cstddef>

#include "absl/types/span.h"

namespace emb {

// IEEE binary16, rounded to nearest, ties to even; what is too large becomes
// infinite, a NaN stays one. `out` need not be aligned.
// Source   Tensor.half() (PyTorch). Same bytes, but for the payload of a NaN.
// REQUIRES: out.size() == 2 * values.size().
void ToFloat16(absl::Span<const float> values, absl::Span<std::byte> out);

// The upper half of a binary32, rounded likewise.
// Source   Tensor.bfloat16().
void ToBFloat16(absl::Span<const float> values, absl::Span<std::byte> out);

}  // namespace emb

#endif  // EMB_CORE_SIMD_CONVERT_H_
