// One line of flat TOML 1.0: "key = value".
//
// A subset of our own, in which every file is a TOML file too: keys of one part
// and values of one line. ADR 0007 says why no library reads it.
#ifndef EMB_SERVER_TOML_LINE_H_
#define EMB_SERVER_TOML_LINE_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"

namespace emb {

struct TomlValue {
  enum class Type { kString, kInteger, kFloat, kBoolean };

  Type type = Type::kString;
  // A string's characters; of a number or boolean, what C++ would read.
  std::string text;
};

struct TomlLine {
  std::string key;
  TomlValue value;
};

// Nothing for a line that is blank or a comment. `line` has no newline; a
// carriage return at its end is left out.
//
// Errors   INVALID_ARGUMENT  no TOML; or TOML of tables, arrays, dates, strings
//                            of several lines, or numbers that are not decimal
//                            and finite. Says what was found and what is
//                            wanted, after the key if there is one.
absl::StatusOr<absl::optional<TomlLine>> ParseTomlLine(absl::string_view line);

// As a string in TOML, with quotes, on one line. What is no UTF-8 stays as it
// is, and will be refused.
std::string QuoteToml(absl::string_view text);

}  // namespace emb

#endif  // EMB_SERVER_TOML_LINE_H_
