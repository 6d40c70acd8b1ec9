// UTF-8, a character at a time.
#ifndef EMB_SERVER_UTF8_H_
#define EMB_SERVER_UTF8_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace emb {

// Bytes of the sequence that `text` begins with; 0 if it is empty or begins
// with none: cut, longer than it need be, half of a pair of UTF-16, or beyond
// the last character. Source: RFC 3629, section 4.
size_t Utf8Length(absl::string_view text);

// REQUIRES: `character` is at most 0x10ffff.
void AppendUtf8(uint32_t character, std::string* out);

}  // namespace emb

#endif  // EMB_SERVER_UTF8_H_
