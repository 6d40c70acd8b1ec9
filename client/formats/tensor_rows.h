// Tables that lie in a file as elements of one size: what .npy, .npz,
// .safetensors, torch and raw files come down to.
#ifndef EMB_CLIENT_FORMATS_TENSOR_ROWS_H_
#define EMB_CLIENT_FORMATS_TENSOR_ROWS_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "client/formats/byte_source.h"
#include "client/formats/row_reader.h"
#include "client/formats/source_type.h"

namespace emb {

// Where the elements are.
struct TensorPlace {
  std::shared_ptr<ByteSource> bytes;
  int64_t offset_bytes = 0;  // Of element (0, 0).
  SourceType type = SourceType::kFloat32;
  bool big_endian = false;
  std::vector<int64_t> shape;
  // In elements, one an axis, 0 or more; empty: C order.
  std::vector<int64_t> strides;
};

// "(26, 32)" and "(5,)", as Python writes them.
std::string ShapeText(absl::Span<const int64_t> shape);

// Strides of C order and of Fortran order.
// REQUIRES: the product of `shape` does not overflow.
std::vector<int64_t> COrderStrides(absl::Span<const int64_t> shape);
std::vector<int64_t> FortranOrderStrides(absl::Span<const int64_t> shape);

// The product of `shape`.
// Errors   INVALID_ARGUMENT  it is beyond 2^63.
absl::StatusOr<int64_t> CountElements(absl::Span<const int64_t> shape);

// Errors   INVALID_ARGUMENT  not two axes, no rows or columns, more than
//                            kReadDimMax columns, or float32 values of more
//                            than 2^63 bytes.
absl::Status CheckTableShape(absl::Span<const int64_t> shape);

// Reads a tensor of any strides, a block of rows at a time.
//
// Errors   As CheckTableShape; INVALID_ARGUMENT  an element lies past the end
//          of the bytes. Those of Spool, where the order needs it.
absl::StatusOr<std::unique_ptr<RowReader>> OpenTensor(TensorPlace place);

}  // namespace emb

#endif  // EMB_CLIENT_FORMATS_TENSOR_ROWS_H_
