// .npy files on disk: ids to look up, answers to keep. Tables to import are
// read by client/formats.
#ifndef EMB_CLIENT_CLI_NPY_FILE_H_
#define EMB_CLIENT_CLI_NPY_FILE_H_

#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace emb {

// Ids of any shape: C-order little-endian int32 or int64.
//
// Errors   NOT_FOUND, PERMISSION_DENIED  the file cannot be opened.
//          INVALID_ARGUMENT  not a regular file, not a .npy file, an
//                            impossible shape, too few or too many bytes.
//          Each names the file, what was found and what is wanted.
struct IdsFile {
  std::vector<int64_t> shape;
  std::vector<int64_t> ids;
};
absl::StatusOr<IdsFile> ReadIdsFile(const std::string& path);

// Writes C-order little-endian float32 elements after their header; `out` says
// whether that went well.
void WriteFloats(absl::Span<const int64_t> shape,
                 absl::Span<const float> values, std::ostream& out);

// Writes such a file, replacing what is there.
// Errors   The code of errno's kind, naming the file.
absl::Status WriteFloatFile(const std::string& path,
                            absl::Span<const int64_t> shape,
                            absl::Span<const float> values);

}  // namespace emb

#endif  // EMB_CLIENT_CLI_NPY_FILE_H_
