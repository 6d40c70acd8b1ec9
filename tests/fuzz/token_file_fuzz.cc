// Any bytes as a token file: read or refused, and what is read keeps to what
// the header promises.
//
//   ./dev test --fuzz
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "absl/strings/string_view.h"
#include "server/access_tokens.h"

namespace emb {
namespace {

void Check(bool holds) {
  if (!holds) std::abort();
}

void Run(absl::string_view text) {
  const auto tokens = AccessTokens::Parse(text);
  if (!tokens.ok()) {
    Check(absl::IsInvalidArgument(tokens.status()));
    Check(tokens.status().message().size() < 1024);
    return;
  }
  Check(!tokens->tokens().empty());
  Check(tokens->tokens().size() <= kTokensMax);
  for (const AccessToken& token : tokens->tokens()) {
    Check(!token.name.empty());
    Check(RoleName(token.role) != "none");
    for (const absl::string_view table : token.tables) {
      Check(!table.empty() && table != "*");
      Check(token.MayUse(table));
    }
  }
  // No token has the hash of a file.
  Check(tokens->Find(text) == nullptr);
}

}  // namespace
}  // namespace emb

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  emb::Run({reinterpret_cast<const char*>(data), size});
  return 0;
}
