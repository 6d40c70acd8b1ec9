// Row-wise quantisation: integer codes with a scale and a bias per row. Lookups
// turn them back by simd_decode.h.
//
//   int8  dim code bytes, float32 scale, float32 bias.
//   int4  dim / 2 code bytes (the even column in the low half), float16 scale,
//         float16 bias; dim is even.
//
// All little-endian; RowBytes(dtype, dim) in all. An element is
// code * scale + bias. Source: torch.ops.quantized.embedding_bag_byte_prepack
// and embedding_bag_4bit_prepack (PyTorch 1.13.1, CPU). Same bytes for finite
// rows; one with an infinity or NaN has no meaningful codes.
#ifndef EMB_CORE_QUANTIZE_H_
#define EMB_CORE_QUANTIZE_H_

#include <cstddef>

#include "absl/types/span.h"

namespace emb {

// An element is off by at most about half the scale, the row's range / 255.
// REQUIRES: out.size() == row.size() + 8, row is not empty.
void QuantizeRowInt8(absl::Span<const float> row, absl::Span<std::byte> out);

// An element is off by at most about half the scale, the row's range / 15,
// and what float16 takes from scale and bias.
// REQUIRES: row.size() is even, not 0; out.size() == row.size() / 2 + 4.
void QuantizeRowInt4(absl::Span<const float> row, absl::Span<std::byte> out);

}  // namespace emb

#endif  // EMB_CORE_QUANTIZE_H_
