// Files that are read whole: keys, certificates, lists.
#ifndef EMB_SERVER_SMALL_FILE_H_
#define EMB_SERVER_SMALL_FILE_H_

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace emb {

// Errors   INVALID_ARGUMENT  it cannot be read, or has over `bytes_max` bytes;
//                            names `flag`, the path and the reason.
absl::StatusOr<std::string> ReadSmallFile(absl::string_view flag,
                                          const std::string& path,
                                          size_t bytes_max);

}  // namespace emb

#endif  // EMB_SERVER_SMALL_FILE_H_
