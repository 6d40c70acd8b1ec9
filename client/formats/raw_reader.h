// Tables as bare values, whose shape and type the caller knows.
#ifndef EMB_CLIENT_FORMATS_RAW_READER_H_
#define EMB_CLIENT_FORMATS_RAW_READER_H_

#include <memory>

#include "absl/status/statusor.h"
#include "client/formats/byte_source.h"
#include "client/formats/row_reader.h"
#include "client/formats/source_type.h"

namespace emb {

// Little-endian, C order, nothing else: options.rows * options.dim elements.
//
// Errors   INVALID_ARGUMENT  no rows or dim given, or another size.
absl::StatusOr<std::unique_ptr<RowReader>> OpenRaw(
    std::shared_ptr<ByteSource> bytes, const ReadOptions& options,
    SourceType type);

}  // namespace emb

#endif  // EMB_CLIENT_FORMATS_RAW_READER_H_
