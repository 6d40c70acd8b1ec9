// The text of a token file, before anything is made of it.
//
// A subset of TOML 1.0: entries [[token]] of keys with strings and lists of
// strings, each on one line, without escapes, which nothing in the file needs.
// toml++ 3.3 fails assertions of its own on text that is no TOML.
#ifndef EMB_SERVER_TOKEN_ENTRIES_H_
#define EMB_SERVER_TOKEN_ENTRIES_H_

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace emb {

struct TokenValue {
  bool is_list = false;
  std::vector<std::string> texts;  // One, if it is no list.
};

// Values by key, in which no key stands twice.
using TokenEntry = std::map<std::string, TokenValue, std::less<>>;

// Errors   INVALID_ARGUMENT  names the line and what is wanted there, and does
//                            not repeat what is given.
absl::StatusOr<std::vector<TokenEntry>> ParseTokenEntries(
    absl::string_view text);

}  // namespace emb

#endif  // EMB_SERVER_TOKEN_ENTRIES_H_
