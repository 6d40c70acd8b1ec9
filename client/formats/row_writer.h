// The one interface of all writers of embedding tables.
#ifndef EMB_CLIENT_FORMATS_ROW_WRITER_H_
#define EMB_CLIENT_FORMATS_ROW_WRITER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace emb {

// What a table is written as.
enum class WriteFormat {
  kNpy,          // Version 1.0, C order, '<f4'.
  kSafetensors,  // One F32 tensor.
  kTsv,          // Numbers between tabs, a row a line: the projector's vectors.
  kWord2vecText,
  kWord2vecBinary,
};

// "npy", "safetensors", "tsv", "word2vec-binary" or "word2vec-text".
//
// Errors   INVALID_ARGUMENT  unknown; lists those that are known.
absl::StatusOr<WriteFormat> WriteFormatNamed(absl::string_view name);

// The format that a file's name asks for: .npy, .safetensors, .tsv, .bin (which
// word2vec's binary files are called) or .txt (its text).
//
// Errors   INVALID_ARGUMENT  none.
absl::StatusOr<WriteFormat> WriteFormatOfPath(absl::string_view path);

// What the writer is told beforehand.
struct WriteOptions {
  int64_t rows = 0;
  int64_t dim = 0;
  std::string tensor;  // The name of the tensor in a .safetensors file.
  // The word of the next row, for word2vec; empty: its number.
  std::function<absl::StatusOr<std::string>()> token;
};

// Where the bytes of the file go.
using ByteSink = std::function<absl::Status(absl::string_view bytes)>;

// RowWriter writes the rows of one table, in order.
//
// Threads  One thread.
// Memory   A row's text.
class RowWriter {
 public:
  virtual ~RowWriter() = default;

  // Appends whole rows. Numbers in text are the shortest that give back the
  // same float32; NaNs become "nan".
  //
  // Errors   INVALID_ARGUMENT  a word that the format cannot hold.
  //          Those of the sink and of the words.
  // REQUIRES: rows.size() is a multiple of dim; no more rows than promised.
  virtual absl::Status Write(absl::Span<const float> rows) = 0;
};

// Writes what comes before the first row.
//
// Errors   INVALID_ARGUMENT  a name of a tensor that is not UTF-8, or the
//                            format's own. Those of the sink.
absl::StatusOr<std::unique_ptr<RowWriter>> StartWriting(WriteFormat format,
                                                        WriteOptions options,
                                                        ByteSink sink);

}  // namespace emb

#endif  // EMB_CLIENT_FORMATS_ROW_WRITER_H_
