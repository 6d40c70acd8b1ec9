// How a row of a table is stored.
#ifndef EMB_CORE_ROW_FORMAT_H_
#define EMB_CORE_ROW_FORMAT_H_

#include <cstdint>

#include "core/dtype.h"

namespace emb {

struct RowFormat {
  DType dtype = DType::kFloat32;
  int64_t dim = 0;

  // Of a stored row, scale and bias included.
  int64_t row_bytes() const { return RowBytes(dtype, dim); }
  // Of the same row in float32.
  int64_t float_bytes() const { return RowBytes(DType::kFloat32, dim); }
};

}  // namespace emb

#endif  // EMB_CORE_ROW_FORMAT_H_
