// A file with a table in it, of whatever format: the one way in.
#ifndef EMB_CLIENT_FORMATS_TABLE_FILE_H_
#define EMB_CLIENT_FORMATS_TABLE_FILE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "client/formats/byte_source.h"
#include "client/formats/format.h"
#include "client/formats/row_reader.h"

namespace emb {

struct OpenedTable {
  Format format = Format::kNpy;
  std::unique_ptr<RowReader> rows;
};

// Opens the table in `bytes` by the reader of its format.
//
// Errors   INVALID_ARGUMENT  as the readers; options that the format has no
//                            use for, or that do not agree with the file.
absl::StatusOr<OpenedTable> OpenTable(std::shared_ptr<ByteSource> bytes,
                                      const ReadOptions& options);

// The tensors of a file that holds several, in its order.
//
// Errors   INVALID_ARGUMENT  as the readers; a format of one table.
//          As FileBytes::Open; each names the file.
absl::StatusOr<std::vector<NamedShape>> ListTensors(
    const std::string& path, const std::string& format = "");

// TableFile gives the rows of a file as little-endian float32.
//
// Threads  One thread.
// Memory   Bounded, whatever the size of the table.
// Errors   Each names the file, where in it, what was found and is wanted.
class TableFile {
 public:
  // Errors   As FileBytes::Open and OpenTable.
  static absl::StatusOr<TableFile> Open(const std::string& path,
                                        const ReadOptions& options = {});

  int64_t num_rows() const { return rows_->num_rows(); }
  int64_t dim() const { return rows_->dim(); }
  absl::string_view format() const { return format_; }
  SourceType source_type() const { return rows_->source_type(); }
  const ConversionTally& tally() const { return rows_->tally(); }

  // Fills `out` with the next bytes of the elements, row by row, and returns
  // how many; 0 at their end.
  //
  // Errors   As RowReader::Read; DATA_LOSS  the file was changed meanwhile.
  absl::StatusOr<size_t> Read(absl::Span<std::byte> out);

 private:
  TableFile() = default;

  absl::Status LoadBlock();

  std::string path_;
  std::string format_;
  std::shared_ptr<FileBytes> bytes_;
  std::unique_ptr<RowReader> rows_;
  std::vector<float> block_;
  absl::Span<const std::byte> left_;  // Of block_.
};

// What was made of the elements, for people: "float64: 7 values rounded to
// float32, largest error 2.9e-08 at row 3, column 1; 2 NaN". Empty: nothing to
// say.
std::string DescribeConversion(const TableFile& file);

}  // namespace emb

#endif  // EMB_CLIENT_FORMATS_TABLE_FILE_H_
