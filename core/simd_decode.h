// Vectorised conversion of stored rows to float32, chosen for the CPU at run
// time, with the same bits on every CPU.
#ifndef EMB_CORE_SIMD_DECODE_H_
#define EMB_CORE_SIMD_DECODE_H_

#include <cstddef>

#include "core/row_format.h"

namespace emb {

// Writes the row's format.dim elements as float32 to `out`, which need not be
// aligned. float16 and bfloat16 are exact; int8 and int4 are
// code * scale + bias, rounded twice.
// Source   Tensor.float(); torch.ops.quantized.embedding_bag_byte_unpack and
//          embedding_bag_4bit_unpack (PyTorch 1.13.1, CPU). Same bytes.
void DecodeRow(const RowFormat& format, const std::byte* row, std::byte* out);

}  // namespace emb

#endif  // EMB_CORE_SIMD_DECODE_H_
