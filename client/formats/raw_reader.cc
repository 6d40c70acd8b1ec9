#include "client/formats/raw_reader.h"

#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "client/formats/tensor_rows.h"
#include "core/status_macros.h"

namespace emb {

absl::StatusOr<std::unique_ptr<RowReader>> OpenRaw(
    std::shared_ptr<ByteSource> bytes, const ReadOptions& options,
    SourceType type) {
  if (options.rows < 1 || options.dim < 1) {
    return absl::InvalidArgumentError(
        "raw values say nothing of their shape, want --rows and --dim");
  }
  const std::vector<int64_t> shape = {options.rows, options.dim};
  EMB_RETURN_IF_ERROR(CheckTableShape(shape));
  EMB_ASSIGN_OR_RETURN(const int64_t count, CountElements(shape));
  int64_t want = 0;
  if (__builtin_mul_overflow(count, SourceTypeBytes(type), &want) ||
      want != bytes->size_bytes()) {
    return absl::InvalidArgumentError(absl::StrCat(
        bytes->size_bytes(), " bytes, want ", options.rows, " x ", options.dim,
        " x ", SourceTypeBytes(type), " of ", SourceTypeName(type)));
  }
  return OpenTensor({.bytes = std::move(bytes),
                     .offset_bytes = 0,
                     .type = type,
                     .big_endian = false,
                     .shape = shape,
                     .strides = {}});
}

}  // namespace emb
