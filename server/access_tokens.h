// Who may do what: the tokens of --token_file.
#ifndef EMB_SERVER_ACCESS_TOKENS_H_
#define EMB_SERVER_ACCESS_TOKENS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace emb {

// Each may do all that those before it may. docs/tls-and-tokens.md has the
// calls.
enum class Role { kRead = 1, kWrite = 2, kAdmin = 3 };

absl::string_view RoleName(Role role);

// The SHA-256 of a token: the file holds no secrets.
using TokenHash = std::array<uint8_t, 32>;

// Cost     Half a microsecond.
TokenHash HashToken(absl::string_view token);

// In the same time whether they are equal, and wherever they differ.
bool EqualInConstantTime(const TokenHash& a, const TokenHash& b);

struct AccessToken {
  std::string name;
  Role role = Role::kRead;
  TokenHash hash = {};
  // Names of tables, or what names begin with and a final `*`. Empty: all.
  std::vector<std::string> tables;

  bool MayUse(absl::string_view table) const;
};

inline constexpr size_t kTokensMax = 1'000;
inline constexpr size_t kTokenFileBytesMax = size_t{1} << 20;

// AccessTokens is the content of a token file:
//
//   [[token]]
//   name = "ranker"       # for logs and errors; two may share one
//   role = "read"         # read, write or admin
//   sha256 = "9f86d0..."  # of the token, 64 hexadecimal digits
//   tables = ["item", "user.*"]  # unset: all
//
// Each value stands on one line.
//
// Threads  Immutable.
class AccessTokens {
 public:
  // Errors   INVALID_ARGUMENT  no TOML, a key that is not known, a value that
  //                            is none, no token or over kTokensMax; says
  //                            where. Values of sha256 are not repeated: one
  //                            may be a token by mistake.
  static absl::StatusOr<AccessTokens> Parse(absl::string_view toml);

  // The token that was presented, or null. Compares with all of them.
  const AccessToken* Find(absl::string_view token) const;

  const std::vector<AccessToken>& tokens() const { return tokens_; }

 private:
  std::vector<AccessToken> tokens_;
};

}  // namespace emb

#endif  // EMB_SERVER_ACCESS_TOKENS_H_
