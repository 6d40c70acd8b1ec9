// The one interface of all readers of embedding tables.
#ifndef EMB_CLIENT_FORMATS_ROW_READER_H_
#define EMB_CLIENT_FORMATS_ROW_READER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "client/formats/byte_source.h"
#include "client/formats/element_convert.h"
#include "client/formats/source_type.h"

namespace emb {

// Called with the word or label of each row, in row order.
using TokenSink = std::function<absl::Status(int64_t row, absl::string_view)>;

// What the caller says about the file.
struct ReadOptions {
  // A name of FormatNames(); empty: recognised by content.
  std::string format = {};
  // Which of several tables; none: there must be one.
  std::optional<std::string> tensor = {};
  // What raw values need, and others are held to; 0: not said.
  int64_t rows = 0;
  int64_t dim = 0;
  // Wanted only of formats that have words; may be empty.
  TokenSink tokens = {};
};

// One of the tensors of a file.
struct NamedShape {
  std::string name;
  std::vector<int64_t> shape;
};

// A bound on what one row may ask of the reader's memory.
inline constexpr int64_t kReadDimMax = int64_t{1} << 20;

// RowReader gives the rows of one table as float32, in the order of the file.
//
// Threads  One thread.
// Memory   Bounded, whatever the size of the table.
class RowReader {
 public:
  virtual ~RowReader() = default;

  virtual int64_t num_rows() const = 0;
  virtual int64_t dim() const = 0;
  virtual SourceType source_type() const = 0;
  virtual bool has_tokens() const { return false; }

  // Fills `out` with the next elements in row order and returns how many; 0
  // after the last.
  //
  // Errors   INVALID_ARGUMENT  a value that float32 cannot hold, text that is
  //                            no number, too few or too many values; says
  //                            where.
  //          DATA_LOSS         as ByteSource::ReadAt.
  virtual absl::StatusOr<size_t> Read(absl::Span<float> out) = 0;

  // Of the elements read so far.
  virtual const ConversionTally& tally() const = 0;
};

}  // namespace emb

#endif  // EMB_CLIENT_FORMATS_ROW_READER_H_
