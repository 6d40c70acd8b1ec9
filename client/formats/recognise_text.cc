#include "client/formats/recognise_text.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_split.h"
#include "client/formats/text_line.h"

namespace emb {
namespace {

bool HasControlBytes(absl::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte == 0x7F || (byte < ' ' && c != '\t' && c != '\n' && c != '\r');
  });
}

// Of numbers, with blanks between.
bool IsNumberText(absl::string_view text) {
  return text.find_first_not_of("0123456789+-.eEnNaAiIfFtTyY \t\r") ==
         absl::string_view::npos;
}

// The lines of `head` that are there to their ends, or the first part of one.
std::vector<absl::string_view> LinesOf(absl::string_view head, bool whole) {
  std::vector<absl::string_view> lines = absl::StrSplit(head, '\n');
  if (lines.back().empty() || (!whole && lines.size() > 1)) lines.pop_back();
  if (whole || lines.size() != 1 || lines[0].size() < head.size()) return lines;
  // Not to be taken for shorter than it is.
  const size_t last = lines[0].find_last_of(" \t");
  if (last != absl::string_view::npos) lines[0] = lines[0].substr(0, last);
  return lines;
}

// What follows the line "rows dim": text, or a word and floats.
Format Word2vecForm(absl::string_view rows, bool whole, int64_t dim) {
  const size_t end = rows.find('\n');
  const absl::string_view line = rows.substr(0, end);
  if (end != absl::string_view::npos || whole) {
    const LineShape shape = ShapeOfLine(line, Separator::kBlanks);
    const bool text = !HasControlBytes(line) && shape.num_numbers >= dim;
    // A word without its numbers is text that is cut off.
    return text || (line.empty() && rows.size() <= 1) ? Format::kWord2vecText
                                                      : Format::kWord2vecBinary;
  }
  // The line is longer than what is there of it.
  const size_t word_end = line.find(' ');
  const bool text = word_end != absl::string_view::npos &&
                    IsNumberText(line.substr(word_end));
  return text ? Format::kWord2vecText : Format::kWord2vecBinary;
}

// Every line a number first: words that are numbers, or no words at all.
absl::StatusOr<std::optional<Format>> GloveOrNumbers(
    const std::vector<absl::string_view>& lines) {
  const bool words =
      std::any_of(lines.begin(), lines.end(), [](absl::string_view line) {
        const LineShape shape = ShapeOfLine(line, Separator::kBlanks);
        return shape.num_numbers > 0 && shape.num_numbers < shape.num_fields;
      });
  if (words) return Format::kGlove;
  return absl::InvalidArgumentError(
      "lines of numbers with blanks between, want --format glove if the first "
      "of each is a word, or --format tsv if not");
}

}  // namespace

absl::StatusOr<std::optional<Format>> RecogniseText(absl::string_view head,
                                                    bool whole) {
  head = SkipByteOrderMark(head);
  const size_t end = head.find('\n');
  const absl::string_view first_line = TrimLine(head.substr(0, end));
  const Separator separator = SeparatorOf(first_line);
  const auto header = ParseWord2vecHeader(first_line);
  if (header && separator == Separator::kBlanks &&
      end != absl::string_view::npos) {
    return Word2vecForm(head.substr(end + 1), whole, header->dim);
  }
  const std::vector<absl::string_view> lines = LinesOf(head, whole);
  if (lines.empty() || HasControlBytes(head)) return std::nullopt;
  const LineShape shape = ShapeOfLine(SkipByteOrderMark(lines[0]), separator);
  if (shape.num_numbers == 0) return std::nullopt;
  const bool numbers = shape.num_numbers == shape.num_fields;
  if (separator == Separator::kTab) {
    return numbers || shape.num_numbers + 1 == shape.num_fields
               ? std::optional(Format::kTsv)
               : std::nullopt;
  }
  if (!numbers) return Format::kGlove;
  if (shape.num_fields == 1) return Format::kTsv;
  return GloveOrNumbers(lines);
}

}  // namespace emb
