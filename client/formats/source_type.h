// The types of elements that files hold, and how they become float32.
#ifndef EMB_CLIENT_FORMATS_SOURCE_TYPE_H_
#define EMB_CLIENT_FORMATS_SOURCE_TYPE_H_

#include <cstdint>
#include <optional>

#include "absl/strings/string_view.h"

namespace emb {

enum class SourceType {
  kFloat16,
  kBFloat16,
  kFloat32,
  kFloat64,
  kInt8,
  kInt16,
  kInt32,
  kInt64,
  kUint8,
  kUint16,
  kUint32,
  kUint64,
  kText,  // Decimal numbers.
};

// "float16" and so on, "decimal text".
absl::string_view SourceTypeName(SourceType type);
// The type of that name; none for text and for names not known here.
std::optional<SourceType> SourceTypeNamed(absl::string_view name);
// Of one element. REQUIRES: not kText.
int64_t SourceTypeBytes(SourceType type);

}  // namespace emb

#endif  // EMB_CLIENT_FORMATS_SOURCE_TYPE_H_
