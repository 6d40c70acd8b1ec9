// NumPy's .npy files.
//
// Source: numpy.lib.format, versions 1.0, 2.0 and 3.0.
#ifndef EMB_CLIENT_FORMATS_NPY_H_
#define EMB_CLIENT_FORMATS_NPY_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace emb {

// What a .npy header says.
struct NpyHeader {
  std::string descr;  // NumPy's name of the element type, such as "<f4".
  bool fortran_order = false;
  std::vector<int64_t> shape;
  int64_t data_offset = 0;  // Where the elements begin in the file.
};

// Reads the header from the first bytes of a file, at most kNpyHeadBytes.
//
// Errors   INVALID_ARGUMENT  says what is wrong, and for the files of other
//                            formats what they seem to be.
inline constexpr size_t kNpyHeadBytes = 64 << 10;
absl::StatusOr<NpyHeader> ParseNpyHeader(absl::string_view head);

// The header of a version 1.0 file with C-order elements of type `descr`,
// padded to a multiple of 64 bytes.
std::string FormatNpyHeader(absl::string_view descr,
                            absl::Span<const int64_t> shape);

}  // namespace emb

#endif  // EMB_CLIENT_FORMATS_NPY_H_
