#include "client/formats/text_line.h"

#include <algorithm>
#include <cstddef>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "client/formats/element_convert.h"

namespace emb {
namespace {

constexpr absl::string_view kBlanks = " \t";

// Takes the last field off the end; false: there is none.
bool TakeLast(absl::string_view& line, Separator separator,
              absl::string_view& field) {
  if (line.empty()) return false;
  const size_t before = separator == Separator::kTab
                            ? line.find_last_of('\t')
                            : line.find_last_of(kBlanks);
  if (before == absl::string_view::npos) {
    field = line;
    line = {};
    return true;
  }
  field = line.substr(before + 1);
  line = line.substr(0, before);
  // Only the run of blanks is one separator.
  if (separator == Separator::kBlanks) line = TrimLine(line);
  return true;
}

// "inf" may be a word; "1" in front of numbers is not.
bool LooksLikeNumber(absl::string_view text) {
  const bool spelt = text.find_first_of("0123456789") == text.npos;
  return !spelt && IsNumber(text);
}

}  // namespace

Separator SeparatorOf(absl::string_view line) {
  return absl::StrContains(line, '\t') ? Separator::kTab : Separator::kBlanks;
}

absl::string_view TrimLine(absl::string_view line) {
  const size_t last = line.find_last_not_of(" \t\r");
  return line.substr(0, last == absl::string_view::npos ? 0 : last + 1);
}

absl::string_view SkipByteOrderMark(absl::string_view text) {
  return absl::StripPrefix(text, "\xEF\xBB\xBF");
}

LineShape ShapeOfLine(absl::string_view line, Separator separator) {
  LineShape shape;
  bool numbers = true;
  absl::string_view field;
  line = TrimLine(line);
  while (TakeLast(line, separator, field)) {
    ++shape.num_fields;
    numbers = numbers && IsNumber(field);
    if (numbers) ++shape.num_numbers;
  }
  return shape;
}

std::optional<absl::string_view> SplitNumbers(
    absl::string_view line, Separator separator,
    absl::Span<absl::string_view> numbers) {
  line = TrimLine(line);
  for (size_t i = numbers.size(); i > 0; --i) {
    if (!TakeLast(line, separator, numbers[i - 1])) return std::nullopt;
  }
  return line;
}

bool IsToken(absl::string_view text) {
  if (text.empty()) return false;
  const std::vector<absl::string_view> pieces =
      absl::StrSplit(text, absl::ByAnyChar(kBlanks));
  return std::none_of(pieces.begin() + 1, pieces.end(), LooksLikeNumber);
}

std::optional<Word2vecHeader> ParseWord2vecHeader(absl::string_view line) {
  const std::vector<absl::string_view> counts =
      absl::StrSplit(TrimLine(line), ' ', absl::SkipEmpty());
  const auto is_count = [](absl::string_view text) {
    return text.find_first_not_of("0123456789") == text.npos;
  };
  Word2vecHeader header;
  if (counts.size() != 2 || !is_count(counts[0]) || !is_count(counts[1]) ||
      !absl::SimpleAtoi(counts[0], &header.rows) ||
      !absl::SimpleAtoi(counts[1], &header.dim)) {
    return std::nullopt;
  }
  return header;
}

}  // namespace emb
