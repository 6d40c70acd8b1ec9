#include "server/token_entries.h"

#include <cstddef>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/types/optional.h"

namespace emb {
namespace {

constexpr size_t kKeyBytesMax = 128;

// Removes `c`, and blanks before it, from the front of `rest`.
bool Take(char c, absl::string_view* rest) {
  *rest = absl::StripLeadingAsciiWhitespace(*rest);
  return absl::ConsumePrefix(rest, absl::string_view(&c, 1));
}

// Of single or double quotes. A backslash would be an escape in the latter.
absl::optional<std::string> TakeString(absl::string_view* rest) {
  const char quote = Take('"', rest) ? '"' : '\'';
  if (quote == '\'' && !Take('\'', rest)) return absl::nullopt;
  const size_t end = rest->find(quote);
  if (end == absl::string_view::npos) return absl::nullopt;
  std::string text(rest->substr(0, end));
  rest->remove_prefix(end + 1);
  if (!absl::c_all_of(text, absl::ascii_isprint) ||
      text.find('\\') != std::string::npos) {
    return absl::nullopt;
  }
  return text;
}

absl::optional<TokenValue> TakeValue(absl::string_view* rest) {
  TokenValue value;
  value.is_list = Take('[', rest);
  if (!value.is_list) {
    auto text = TakeString(rest);
    if (!text.has_value()) return absl::nullopt;
    value.texts.push_back(*std::move(text));
    return value;
  }
  while (!Take(']', rest)) {
    auto text = TakeString(rest);
    if (!text.has_value()) return absl::nullopt;
    value.texts.push_back(*std::move(text));
    if (Take(',', rest)) continue;
    if (!Take(']', rest)) return absl::nullopt;
    break;
  }
  return value;
}

bool IsBlank(absl::string_view rest) {
  rest = absl::StripLeadingAsciiWhitespace(rest);
  return rest.empty() || rest.front() == '#';
}

// [[token]], with blanks where TOML has them.
bool IsEntryHeader(absl::string_view line) {
  if (!Take('[', &line) || !absl::ConsumePrefix(&line, "[")) return false;
  line = absl::StripLeadingAsciiWhitespace(line);
  return absl::ConsumePrefix(&line, "token") && Take(']', &line) &&
         absl::ConsumePrefix(&line, "]") && IsBlank(line);
}

absl::optional<std::string> TakeKey(absl::string_view* rest) {
  *rest = absl::StripLeadingAsciiWhitespace(*rest);
  size_t size = 0;
  while (size < rest->size() &&
         (absl::ascii_isalnum(static_cast<unsigned char>((*rest)[size])) ||
          (*rest)[size] == '_' || (*rest)[size] == '-')) {
    ++size;
  }
  std::string key(rest->substr(0, size));
  rest->remove_prefix(size);
  if (key.empty() || size > kKeyBytesMax || !Take('=', rest)) {
    return absl::nullopt;
  }
  return key;
}

// A line within an entry. What is wrong with it, or nothing.
std::string AddLine(absl::string_view line, TokenEntry& entry) {
  auto key = TakeKey(&line);
  if (!key.has_value()) return "want [[token]], or a key, = and a value";
  auto value = TakeValue(&line);
  if (!value.has_value() || !IsBlank(line)) {
    return absl::StrCat(*key,
                        ": want a string in quotes, without backslashes, or a "
                        "list of such, on one line");
  }
  if (!entry.emplace(*key, *std::move(value)).second) {
    return absl::StrCat(*key, ": given twice, want it once");
  }
  return "";
}

}  // namespace

absl::StatusOr<std::vector<TokenEntry>> ParseTokenEntries(
    absl::string_view text) {
  std::vector<TokenEntry> entries;
  int number = 0;
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    ++number;
    if (IsBlank(line)) continue;
    if (IsEntryHeader(line)) {
      entries.emplace_back();
      continue;
    }
    const std::string complaint = entries.empty()
                                      ? "want [[token]] before anything else"
                                      : AddLine(line, entries.back());
    if (complaint.empty()) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("line ", number, ": ", complaint));
  }
  return entries;
}

}  // namespace emb
