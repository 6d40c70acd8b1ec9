// Vectorised float32 steps of the initialisers, chosen for the CPU at run
// time. Every product-sum is fused, so the bits are the same on every CPU.
#ifndef EMB_CORE_SIMD_TRANSFORM_H_
#define EMB_CORE_SIMD_TRANSFORM_H_

#include "absl/types/span.h"

namespace emb {

// values[i] = fma(values[i], width, low).
// Source: at::uniform_real_distribution (x * (to - from) + from), as the FMA
// build of PyTorch computes it.
void ScaleUnitUniforms(float low, float width, absl::Span<float> values);

// Turns uniforms on [0, 1) into normals, in blocks of 16: with u1 = 1 -
// values[j] and u2 = values[j + 8], values[j] = r cos(t) std + mean and
// values[j + 8] = r sin(t) std + mean, where r = sqrt(-2 ln u1), t = 2 pi u2.
// Source: Box and Muller 1958; ln, sin and cos are the single-precision
// polynomials of Moshier's Cephes library.
// REQUIRES: values.size() is a multiple of 16.
void UniformsToNormals(float mean, float std, absl::Span<float> values);

}  // namespace emb

#endif  // EMB_CORE_SIMD_TRANSFORM_H_
