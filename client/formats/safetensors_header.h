// The header of a .safetensors file.
//
// Source: https://github.com/huggingface/safetensors#format, and the checks of
// its Rust reader.
#ifndef EMB_CLIENT_FORMATS_SAFETENSORS_HEADER_H_
#define EMB_CLIENT_FORMATS_SAFETENSORS_HEADER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace emb {

struct SafetensorsEntry {
  std::string name;
  std::string dtype;  // "F32", ...
  std::vector<int64_t> shape;
  // Of its bytes, from the end of the header on.
  int64_t begin = 0;
  int64_t end = 0;
};

// Reads the header's JSON, without __metadata__, in the order of the file.
// Memory stays within a few times the text's.
//
// Errors   INVALID_ARGUMENT  no JSON, or not of that form; says where.
absl::StatusOr<std::vector<SafetensorsEntry>> ParseSafetensorsHeader(
    absl::string_view text);

// The tensors must fill `data_bytes` without overlaps and holes.
//
// Errors   INVALID_ARGUMENT  they do not, or the bytes of one do not agree
//                            with its dtype and shape.
absl::Status CheckSafetensorsLayout(absl::Span<const SafetensorsEntry> entries,
                                    int64_t data_bytes);

}  // namespace emb

#endif  // EMB_CLIENT_FORMATS_SAFETENSORS_HEADER_H_
