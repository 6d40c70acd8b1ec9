// Tables in NumPy's .npy files.
#ifndef EMB_CLIENT_FORMATS_NPY_READER_H_
#define EMB_CLIENT_FORMATS_NPY_READER_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/formats/byte_source.h"
#include "client/formats/npy.h"
#include "client/formats/row_reader.h"

namespace emb {

// Reads and parses the header at the beginning of `bytes`.
absl::StatusOr<NpyHeader> ReadNpyHeader(ByteSource& bytes);

// "float64 (<f8)".
std::string DescribeNpyType(const std::string& descr);

// The elements must fill the rest of the file exactly.
// Errors   INVALID_ARGUMENT  truncated, bytes after the elements, a shape
//                            beyond 2^63.
absl::Status CheckNpyLength(const NpyHeader& header, int64_t file_bytes);

// Versions 1 to 3; float16, 32, 64 and integers of either byte order; C or
// Fortran order.
//
// Errors   INVALID_ARGUMENT  not a .npy file, of other elements, not a table,
//                            too few or too many bytes.
absl::StatusOr<std::unique_ptr<RowReader>> OpenNpy(
    std::shared_ptr<ByteSource> bytes, const ReadOptions& options);

}  // namespace emb

#endif  // EMB_CLIENT_FORMATS_NPY_READER_H_
