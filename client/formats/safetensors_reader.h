// Tables in .safetensors files.
#ifndef EMB_CLIENT_FORMATS_SAFETENSORS_READER_H_
#define EMB_CLIENT_FORMATS_SAFETENSORS_READER_H_

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "client/formats/byte_source.h"
#include "client/formats/row_reader.h"

namespace emb {

// The format allows 100 MB; the headers of the largest models have a few.
inline constexpr int64_t kSafetensorsHeaderBytesMax = 32 << 20;

// F16, BF16, F32, F64 and integers.
//
// Errors   INVALID_ARGUMENT  no such file, or one of other elements; as
//                            ChooseTensor and CheckTableShape.
absl::StatusOr<std::unique_ptr<RowReader>> OpenSafetensors(
    std::shared_ptr<ByteSource> bytes, const ReadOptions& options);

// All tensors, whatever their elements. Errors as above.
absl::StatusOr<std::vector<NamedShape>> ListSafetensors(ByteSource& bytes);

}  // namespace emb

#endif  // EMB_CLIENT_FORMATS_SAFETENSORS_READER_H_
