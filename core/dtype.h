// Element types of tables and answers.
#ifndef EMB_CORE_DTYPE_H_
#define EMB_CORE_DTYPE_H_

#include <cstdint>
#include <optional>

#include "absl/strings/string_view.h"

namespace emb {

// The numbers are stored on disk (docs/format.md) and never change meaning.
enum class DType : uint8_t {
  kFloat32 = 1,
  kFloat16 = 2,
  kBFloat16 = 3,
  kInt8Rowwise = 4,
  kInt4Rowwise = 5,
};

// "float32", "float16", "bfloat16", "int8", "int4".
absl::string_view DTypeName(DType dtype);

// The reverse; nullopt for any other name.
std::optional<DType> ParseDType(absl::string_view name);

// Bytes of one stored row of `dim` elements, scale and bias included.
// REQUIRES: 1 <= dim <= 65,536, even for kInt4Rowwise.
int64_t RowBytes(DType dtype, int64_t dim);

}  // namespace emb

#endif  // EMB_CORE_DTYPE_H_
