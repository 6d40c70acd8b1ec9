// Sizes as people write them.
#ifndef EMB_SERVER_BYTE_SIZE_H_
#define EMB_SERVER_BYTE_SIZE_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace emb {

// "1048576", "512KiB", "64MiB", "12GiB", "1TiB"; at least 1 byte.
// Errors   INVALID_ARGUMENT  anything else.
absl::StatusOr<int64_t> ParseByteSize(absl::string_view text);

}  // namespace emb

#endif  // EMB_SERVER_BYTE_SIZE_H_
