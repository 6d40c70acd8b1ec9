// Sizes as people write them.
#ifndef EMB_SERVER_BYTE_SIZE_H_
#define EMB_SERVER_BYTE_SIZE_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace emb {

// "1048576", "512KiB", "64MiB", "12GiB", "1TiB"; at least 1 byte.
// Errors   INVALID_ARGUMENT  anything else.
absl::StatusOr<int64_t> ParseByteSize(absl::string_view text);

// For people to read and to compute with: "12.0 GiB (12,884,901,888 bytes)";
// less than 1 KiB: "800 bytes".
std::string FormatByteSize(int64_t bytes);

}  // namespace emb

#endif  // EMB_SERVER_BYTE_SIZE_H_
