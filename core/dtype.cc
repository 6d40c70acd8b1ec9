#include "core/dtype.h"

#include "absl/types/span.h"

namespace emb {
namespace {

struct DTypeInfo {
  DType dtype;
  absl::string_view name;
};

constexpr DTypeInfo kDTypes[] = {
    {DType::kFloat32, "float32"},   {DType::kFloat16, "float16"},
    {DType::kBFloat16, "bfloat16"}, {DType::kInt8Rowwise, "int8"},
    {DType::kInt4Rowwise, "int4"},
};

}  // namespace

absl::string_view DTypeName(DType dtype) {
  for (const DTypeInfo& info : kDTypes) {
    if (info.dtype == dtype) return info.name;
  }
  return "unknown";
}

std::optional<DType> ParseDType(absl::string_view name) {
  for (const DTypeInfo& info : kDTypes) {
    if (info.name == name) return info.dtype;
  }
  return std::nullopt;
}

int64_t RowBytes(DType dtype, int64_t dim) {
  switch (dtype) {
    case DType::kFloat32:
      return dim * 4;
    case DType::kFloat16:
    case DType::kBFloat16:
      return dim * 2;
    case DType::kInt8Rowwise:
      return dim + 8;  // Float32 scale and bias.
    case DType::kInt4Rowwise:
      return dim / 2 + 4;  // Float16 scale and bias.
  }
  return 0;
}

}  // namespace emb
