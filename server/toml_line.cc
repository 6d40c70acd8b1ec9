#include "server/toml_line.h"

#include <cstddef>
#include <cstdint>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "core/status_macros.h"
#include "server/utf8.h"

namespace emb {
namespace {

// Of what was given, in messages.
constexpr size_t kBytesShown = 64;

template <typename... Parts>
absl::Status Refuse(const Parts&... parts) {
  return absl::InvalidArgumentError(absl::StrCat(parts...));
}

std::string Shown(absl::string_view text) {
  return absl::StrCat(
      "\"", absl::Utf8SafeCHexEscape(text.substr(0, kBytesShown)), "\"");
}

bool IsBareKeyByte(char c) {
  return absl::ascii_isalnum(c) || c == '_' || c == '-';
}

absl::Status CheckCharacters(absl::string_view line) {
  for (size_t i = 0; i < line.size();) {
    const size_t length = Utf8Length(line.substr(i));
    if (length == 0) return Refuse("byte ", i + 1, " is no UTF-8");
    if (absl::ascii_iscntrl(line[i]) && line[i] != '\t') {
      return Refuse("byte ", i + 1, " is a control character");
    }
    i += length;
  }
  return absl::OkStatus();
}

// Digits with single underscores between them, from the front of `text` to the
// end of `out`; false if there are none.
bool TakeDigits(absl::string_view* text, std::string* out) {
  const size_t before = out->size();
  while (!text->empty() && absl::ascii_isdigit(text->front())) {
    out->push_back(text->front());
    text->remove_prefix(1);
    if (text->size() > 1 && text->front() == '_' &&
        absl::ascii_isdigit((*text)[1])) {
      text->remove_prefix(1);
    }
  }
  return out->size() > before;
}

// A line, from where it has been read to.
class Scanner {
 public:
  explicit Scanner(absl::string_view line) : rest_(line) {}

  void SkipBlanks() {
    while (absl::ConsumePrefix(&rest_, " ") ||
           absl::ConsumePrefix(&rest_, "\t")) {
    }
  }
  bool AtEnd() const { return rest_.empty() || rest_.front() == '#'; }
  bool Take(absl::string_view text) {
    return absl::ConsumePrefix(&rest_, text);
  }
  absl::string_view rest() const { return rest_; }

  absl::StatusOr<std::string> TakeKey();
  absl::StatusOr<TomlValue> TakeValue();

 private:
  absl::StatusOr<std::string> TakeString();
  absl::StatusOr<std::string> TakeLiteral();
  absl::Status TakeEscape(std::string* out);
  absl::StatusOr<TomlValue> TakeNumber(absl::string_view word);

  absl::string_view rest_;
};

absl::StatusOr<std::string> Scanner::TakeKey() {
  if (Take("[")) {
    return Refuse("found a table, want the names of flags and no tables");
  }
  std::string key;
  if (Take("\"")) {
    EMB_ASSIGN_OR_RETURN(key, TakeString());
  } else if (Take("'")) {
    EMB_ASSIGN_OR_RETURN(key, TakeLiteral());
  } else {
    size_t length = 0;
    while (length < rest_.size() && IsBareKeyByte(rest_[length])) ++length;
    if (length == 0)
      return Refuse("found ", Shown(rest_), ", want KEY = VALUE");
    key = std::string(rest_.substr(0, length));
    rest_.remove_prefix(length);
  }
  SkipBlanks();
  if (Take(".")) {
    return Refuse(key.substr(0, kBytesShown),
                  ": found a table, want the names of flags and no tables");
  }
  return key;
}

absl::StatusOr<std::string> Scanner::TakeLiteral() {
  const size_t end = rest_.find('\'');
  if (end == absl::string_view::npos) return Refuse("want a ' at its end");
  std::string text(rest_.substr(0, end));
  rest_.remove_prefix(end + 1);
  return text;
}

absl::StatusOr<std::string> Scanner::TakeString() {
  std::string text;
  while (!rest_.empty()) {
    const char c = rest_.front();
    rest_.remove_prefix(1);
    if (c == '"') return text;
    if (c != '\\') {
      text.push_back(c);
      continue;
    }
    EMB_RETURN_IF_ERROR(TakeEscape(&text));
  }
  return Refuse("want a \" at its end");
}

// What follows a backslash.
absl::Status Scanner::TakeEscape(std::string* out) {
  constexpr std::pair<char, char> kEscapes[] = {
      {'b', '\b'}, {'t', '\t'}, {'n', '\n'}, {'f', '\f'},
      {'r', '\r'}, {'"', '"'},  {'\\', '\\'}};
  const char kind = rest_.empty() ? '\0' : rest_.front();
  for (const auto& [name, meaning] : kEscapes) {
    if (kind != name) continue;
    out->push_back(meaning);
    rest_.remove_prefix(1);
    return absl::OkStatus();
  }
  const size_t digits = kind == 'u' ? 4 : kind == 'U' ? 8 : 0;
  if (digits == 0) {
    return Refuse("found the escape \\", Shown(rest_.substr(0, 1)),
                  ", want \\\\ for a backslash");
  }
  uint32_t code = 0;
  for (size_t i = 1; i <= digits; ++i) {
    if (i >= rest_.size() || !absl::ascii_isxdigit(rest_[i])) {
      return Refuse("want ", digits, " hexadecimal digits after \\",
                    rest_.substr(0, 1));
    }
    const char lower = absl::ascii_tolower(rest_[i]);
    code = code * 16 +
           static_cast<uint32_t>(lower <= '9' ? lower - '0' : lower - 'a' + 10);
  }
  if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) {
    return Refuse("\\", rest_.substr(0, digits + 1), " is no character");
  }
  AppendUtf8(code, out);
  rest_.remove_prefix(digits + 1);
  return absl::OkStatus();
}

absl::StatusOr<TomlValue> Scanner::TakeValue() {
  using Type = TomlValue::Type;
  if (rest_.substr(0, 3) == R"(""")" || rest_.substr(0, 3) == "'''") {
    return Refuse("found a string of several lines, want one line");
  }
  if (Take("\"")) {
    EMB_ASSIGN_OR_RETURN(std::string text, TakeString());
    return TomlValue{Type::kString, std::move(text)};
  }
  if (Take("'")) {
    EMB_ASSIGN_OR_RETURN(std::string text, TakeLiteral());
    return TomlValue{Type::kString, std::move(text)};
  }
  if (Take("[")) return Refuse("found an array, want one value");
  if (Take("{")) return Refuse("found a table, want one value");
  const absl::string_view word = rest_.substr(0, rest_.find_first_of(" \t#"));
  rest_.remove_prefix(word.size());
  if (word == "true" || word == "false") {
    return TomlValue{Type::kBoolean, std::string(word)};
  }
  return TakeNumber(word);
}

// Decimal; an integer, or with a fraction or exponent.
absl::StatusOr<TomlValue> Scanner::TakeNumber(absl::string_view word) {
  const absl::Status refusal =
      Refuse("found ", word.empty() ? "nothing" : Shown(word),
             ", want a decimal number, true, false or a string in quotes");
  absl::string_view left = word;
  TomlValue value = {TomlValue::Type::kInteger, ""};
  if (absl::ConsumePrefix(&left, "-"))
    value.text = "-";
  else
    absl::ConsumePrefix(&left, "+");
  const bool has_zero = left.size() > 1 && left[0] == '0';
  if (has_zero && (absl::ascii_isdigit(left[1]) || left[1] == '_')) {
    return refusal;
  }
  if (!TakeDigits(&left, &value.text)) return refusal;
  if (absl::ConsumePrefix(&left, ".")) {
    value.type = TomlValue::Type::kFloat;
    value.text += '.';
    if (!TakeDigits(&left, &value.text)) return refusal;
  }
  if (absl::ConsumePrefix(&left, "e") || absl::ConsumePrefix(&left, "E")) {
    value.type = TomlValue::Type::kFloat;
    value.text += 'e';
    if (absl::ConsumePrefix(&left, "-"))
      value.text += '-';
    else
      absl::ConsumePrefix(&left, "+");
    if (!TakeDigits(&left, &value.text)) return refusal;
  }
  if (!left.empty()) return refusal;
  int64_t integer = 0;
  if (value.type == TomlValue::Type::kInteger &&
      !absl::SimpleAtoi(value.text, &integer)) {
    return Refuse("found ", Shown(word), ", want at most 64 bits");
  }
  return value;
}

}  // namespace

absl::StatusOr<absl::optional<TomlLine>> ParseTomlLine(absl::string_view line) {
  absl::ConsumeSuffix(&line, "\r");
  EMB_RETURN_IF_ERROR(CheckCharacters(line));
  Scanner scanner(line);
  scanner.SkipBlanks();
  if (scanner.AtEnd()) return absl::nullopt;
  TomlLine parsed;
  EMB_ASSIGN_OR_RETURN(parsed.key, scanner.TakeKey());
  const std::string key = parsed.key.substr(0, kBytesShown);
  if (!scanner.Take("=")) return Refuse(key, ": want KEY = VALUE");
  scanner.SkipBlanks();
  auto value = scanner.TakeValue();
  if (!value.ok()) return Refuse(key, ": ", value.status().message());
  parsed.value = *std::move(value);
  scanner.SkipBlanks();
  if (!scanner.AtEnd()) {
    return Refuse(key, ": found ", Shown(scanner.rest()),
                  " after the value, want the end of the line");
  }
  return parsed;
}

std::string QuoteToml(absl::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    if (absl::ascii_iscntrl(c)) {
      absl::StrAppendFormat(&quoted, "\\u%04x", static_cast<unsigned char>(c));
    } else {
      quoted += c;
    }
  }
  quoted += '"';
  return quoted;
}

}  // namespace emb
