// Integers out of bytes.
#ifndef EMB_CLIENT_FORMATS_BYTE_ORDER_H_
#define EMB_CLIENT_FORMATS_BYTE_ORDER_H_

#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"

namespace emb {

// The little-endian number in the `count` bytes from `offset` on.
// REQUIRES: offset + count <= text.size(), count <= 8.
inline uint64_t LittleEndian(absl::string_view text, size_t offset,
                             size_t count) {
  uint64_t value = 0;
  for (size_t i = count; i > 0; --i) {
    value = value << 8 | static_cast<unsigned char>(text[offset + i - 1]);
  }
  return value;
}

}  // namespace emb

#endif  // EMB_CLIENT_FORMATS_BYTE_ORDER_H_
