// Lines of numbers, with or without a word in front.
#ifndef EMB_CLIENT_FORMATS_TEXT_LINE_H_
#define EMB_CLIENT_FORMATS_TEXT_LINE_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace emb {

// What stands between the fields of a line: blanks, or one tab each.
enum class Separator { kBlanks, kTab };

// Tab if there is one in the line.
Separator SeparatorOf(absl::string_view line);

// Without the blanks and the carriage return at its end.
absl::string_view TrimLine(absl::string_view line);

// Without the mark of UTF-8 that some programs put in front of a file.
absl::string_view SkipByteOrderMark(absl::string_view text);

// What the first line says about the others.
struct LineShape {
  int64_t num_fields = 0;
  int64_t num_numbers = 0;  // At the end of the line.
};
LineShape ShapeOfLine(absl::string_view line, Separator separator);

// Splits the last numbers.size() fields off the end of `line` and returns what
// is in front of them; nullopt: there are not as many. A word may hold blanks,
// as some of GloVe's do.
std::optional<absl::string_view> SplitNumbers(
    absl::string_view line, Separator separator,
    absl::Span<absl::string_view> numbers);

// Whether what is in front of the numbers is one word: after its first blank
// there are no more numbers, which would be those of a line too long.
bool IsToken(absl::string_view text);

// "26 32": the first line of word2vec's files.
struct Word2vecHeader {
  int64_t rows = 0;
  int64_t dim = 0;
};
std::optional<Word2vecHeader> ParseWord2vecHeader(absl::string_view line);

}  // namespace emb

#endif  // EMB_CLIENT_FORMATS_TEXT_LINE_H_
