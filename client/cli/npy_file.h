// .npy files on disk: tables to import, ids to look up, answers to keep.
#ifndef EMB_CLIENT_CLI_NPY_FILE_H_
#define EMB_CLIENT_CLI_NPY_FILE_H_

#include <cstddef>
#include <cstdint>
#include <fstream>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "client/cli/npy.h"

namespace emb {

// NpyFile is an open .npy file whose header and length agree.
//
// Threads  One thread.
class NpyFile {
 public:
  // Errors   NOT_FOUND, PERMISSION_DENIED  the file cannot be opened.
  //          INVALID_ARGUMENT  not a regular file, not a .npy file, an
  //                            impossible shape, too few or too many bytes.
  //          Each names the file, what was found and what is wanted.
  static absl::StatusOr<NpyFile> Open(const std::string& path);

  const NpyHeader& header() const { return header_; }
  // Product of the shape.
  int64_t num_elements() const { return num_elements_; }

  // Reads the next bytes of the elements; 0 at their end.
  // Errors   DATA_LOSS  the file ends early: it was changed meanwhile.
  absl::StatusOr<size_t> Read(absl::Span<std::byte> buffer);

 private:
  NpyFile() = default;

  std::string path_;
  NpyHeader header_;
  int64_t num_elements_ = 0;
  int64_t bytes_left_ = 0;
  std::unique_ptr<std::ifstream> stream_;
};

// A table to import: C-order little-endian float32, two axes, at least one
// row and one column.
//
// Errors   As NpyFile::Open; INVALID_ARGUMENT names what it is instead.
absl::StatusOr<NpyFile> OpenTableFile(const std::string& path);

// Ids of any shape: C-order little-endian int32 or int64.
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
