// Tables as text: projector TSV, word2vec's and GloVe's text.
#ifndef EMB_CLIENT_FORMATS_TEXT_READER_H_
#define EMB_CLIENT_FORMATS_TEXT_READER_H_

#include <memory>

#include "absl/status/statusor.h"
#include "client/formats/byte_source.h"
#include "client/formats/row_reader.h"

namespace emb {

// One line a row; numbers are rounded once, to the nearest float32. The lines
// are counted before the first is read. Errors name the line.
//
// TSV        tabs between numbers; a first field that is no number is a label.
//            Without a tab in its first line, blanks.
// word2vec   a line "rows dim", then a word and dim numbers a line.
// GloVe      the same without the first line.
//
// Errors   INVALID_ARGUMENT  an empty line, too few or too many fields or
//                            lines, no number, one beyond float32.
absl::StatusOr<std::unique_ptr<RowReader>> OpenTsv(
    std::shared_ptr<ByteSource> bytes, const ReadOptions& options);
absl::StatusOr<std::unique_ptr<RowReader>> OpenWord2vecText(
    std::shared_ptr<ByteSource> bytes, const ReadOptions& options);
absl::StatusOr<std::unique_ptr<RowReader>> OpenGlove(
    std::shared_ptr<ByteSource> bytes, const ReadOptions& options);

}  // namespace emb

#endif  // EMB_CLIENT_FORMATS_TEXT_READER_H_
