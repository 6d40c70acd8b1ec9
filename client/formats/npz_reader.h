// Tables in NumPy's .npz files: zip archives of .npy files.
#ifndef EMB_CLIENT_FORMATS_NPZ_READER_H_
#define EMB_CLIENT_FORMATS_NPZ_READER_H_

#include <memory>

#include "absl/status/statusor.h"
#include "client/formats/byte_source.h"
#include "client/formats/row_reader.h"

namespace emb {

// options.tensor is the name of the array, with or without ".npy".
//
// Errors   As ZipArchive, ChooseTensor and OpenNpy.
absl::StatusOr<std::unique_ptr<RowReader>> OpenNpz(
    std::shared_ptr<ByteSource> bytes, const ReadOptions& options);

// All arrays, whatever their elements. Errors as above.
absl::StatusOr<std::vector<NamedShape>> ListNpz(
    std::shared_ptr<ByteSource> bytes);

}  // namespace emb

#endif  // EMB_CLIENT_FORMATS_NPZ_READER_H_
