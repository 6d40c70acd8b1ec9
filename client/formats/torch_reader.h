// Tables that torch.save wrote: state dicts, checkpoints and tensors, without
// executing anything.
#ifndef EMB_CLIENT_FORMATS_TORCH_READER_H_
#define EMB_CLIENT_FORMATS_TORCH_READER_H_

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/formats/byte_source.h"
#include "client/formats/row_reader.h"

namespace emb {

// A state dict of a hundred thousand tensors has a pickle of about 20 MB.
inline constexpr int64_t kTorchPickleBytesMax = 16 << 20;

// Whether a file begins as the single stream of pickles and storages that
// torch.save wrote until version 1.6.
bool IsTorchStream(absl::string_view head);

// A zip archive (since 1.6), or such a stream; tensors of any strides.
//
// Errors   INVALID_ARGUMENT  as ZipArchive, ReadPickle, CollectTensors,
//                            ChooseTensor, OpenTensor; a storage whose size
//                            is another one.
absl::StatusOr<std::unique_ptr<RowReader>> OpenTorch(
    std::shared_ptr<ByteSource> bytes, const ReadOptions& options);

// All tensors, whatever their elements. Errors as above.
absl::StatusOr<std::vector<NamedShape>> ListTorch(
    std::shared_ptr<ByteSource> bytes);

}  // namespace emb

#endif  // EMB_CLIENT_FORMATS_TORCH_READER_H_
