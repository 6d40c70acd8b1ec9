#include "client/formats/source_type.h"

namespace emb {
namespace {

struct TypeFacts {
  SourceType type;
  absl::string_view name;
  int64_t bytes;
};

constexpr TypeFacts kTypes[] = {
    {SourceType::kFloat16, "float16", 2},
    {SourceType::kBFloat16, "bfloat16", 2},
    {SourceType::kFloat32, "float32", 4},
    {SourceType::kFloat64, "float64", 8},
    {SourceType::kInt8, "int8", 1},
    {SourceType::kInt16, "int16", 2},
    {SourceType::kInt32, "int32", 4},
    {SourceType::kInt64, "int64", 8},
    {SourceType::kUint8, "uint8", 1},
    {SourceType::kUint16, "uint16", 2},
    {SourceType::kUint32, "uint32", 4},
    {SourceType::kUint64, "uint64", 8},
};

}  // namespace

absl::string_view SourceTypeName(SourceType type) {
  for (const TypeFacts& facts : kTypes) {
    if (facts.type == type) return facts.name;
  }
  return "decimal text";
}

std::optional<SourceType> SourceTypeNamed(absl::string_view name) {
  for (const TypeFacts& facts : kTypes) {
    if (facts.name == name) return facts.type;
  }
  return std::nullopt;
}

int64_t SourceTypeBytes(SourceType type) {
  for (const TypeFacts& facts : kTypes) {
    if (facts.type == type) return facts.bytes;
  }
  return 0;
}

}  // namespace emb
