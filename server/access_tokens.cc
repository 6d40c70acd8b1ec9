#include "server/access_tokens.h"

#include <openssl/evp.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "core/status_macros.h"
#include "server/token_entries.h"

namespace emb {
namespace {

constexpr size_t kNameBytesMax = 128;

// A place in the file and what is wrong there.
absl::Status Wrong(absl::string_view place, absl::string_view complaint) {
  return absl::InvalidArgumentError(absl::StrCat(place, complaint));
}

// What names of tables are made of, too.
bool IsNameCharacter(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' ||
         c == '_' || c == '-';
}

// The string of a key; null: it has none.
const std::string* StringOf(const TokenEntry& entry, absl::string_view key) {
  const auto found = entry.find(key);
  if (found == entry.end() || found->second.is_list) return nullptr;
  return &found->second.texts.front();
}

absl::StatusOr<std::string> ParseName(const std::string& place,
                                      const TokenEntry& entry) {
  const std::string* const name = StringOf(entry, "name");
  if (name != nullptr && !name->empty() && name->size() <= kNameBytesMax &&
      absl::c_all_of(*name, IsNameCharacter)) {
    return *name;
  }
  return Wrong(place, absl::StrCat(".name: want 1 to ", kNameBytesMax,
                                   " characters of [A-Za-z0-9._-]"));
}

absl::StatusOr<Role> ParseRole(const std::string& place,
                               const TokenEntry& entry) {
  const std::string* const name = StringOf(entry, "role");
  for (const Role role : {Role::kRead, Role::kWrite, Role::kAdmin}) {
    if (name != nullptr && *name == RoleName(role)) return role;
  }
  return Wrong(place, R"(.role: want "read", "write" or "admin")");
}

// -1: none.
int DigitOf(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

absl::StatusOr<TokenHash> ParseHash(const std::string& place,
                                    const TokenEntry& entry) {
  TokenHash hash = {};
  const std::string* const text = StringOf(entry, "sha256");
  bool valid = text != nullptr && text->size() == 2 * hash.size();
  for (size_t i = 0; valid && i < hash.size(); ++i) {
    const int high = DigitOf((*text)[2 * i]);
    const int low = DigitOf((*text)[2 * i + 1]);
    valid = high >= 0 && low >= 0;
    hash[i] = static_cast<uint8_t>((high << 4 | low) & 0xFF);
  }
  if (valid) return hash;
  return Wrong(place,
               ".sha256: want the 64 hexadecimal digits of a token's SHA-256 "
               "(embctl token create prints them)");
}

// A name, or the beginning of names and a final *.
bool IsTablePattern(absl::string_view table) {
  const bool is_prefix = absl::ConsumeSuffix(&table, "*");
  return absl::c_all_of(table, IsNameCharacter) &&
         table.size() <= kNameBytesMax && (is_prefix || !table.empty());
}

absl::StatusOr<std::vector<std::string>> ParseTables(const std::string& place,
                                                     const TokenEntry& entry) {
  const auto found = entry.find("tables");
  if (found == entry.end()) return std::vector<std::string>();
  std::vector<std::string> tables = found->second.texts;
  if (!found->second.is_list || tables.empty() ||
      !absl::c_all_of(tables, IsTablePattern)) {
    return Wrong(place,
                 ".tables: want a list of names of tables, or of what they "
                 "begin with and a final *; leave it out for all tables");
  }
  // All of them: no list.
  if (absl::c_linear_search(tables, "*")) tables.clear();
  return tables;
}

absl::Status CheckKeys(const std::string& place, const TokenEntry& entry) {
  constexpr absl::string_view kKnown[] = {"name", "role", "sha256", "tables"};
  for (const auto& [key, value] : entry) {
    if (absl::c_linear_search(kKnown, key)) continue;
    return Wrong(place, absl::StrCat(".", key, ": there is no such key"));
  }
  return absl::OkStatus();
}

absl::StatusOr<AccessToken> ParseToken(const std::string& place,
                                       const TokenEntry& entry) {
  EMB_RETURN_IF_ERROR(CheckKeys(place, entry));
  AccessToken token;
  EMB_ASSIGN_OR_RETURN(token.name, ParseName(place, entry));
  EMB_ASSIGN_OR_RETURN(token.role, ParseRole(place, entry));
  EMB_ASSIGN_OR_RETURN(token.hash, ParseHash(place, entry));
  EMB_ASSIGN_OR_RETURN(token.tables, ParseTables(place, entry));
  return token;
}

// Fetched once: a fetch costs more than the hash.
const EVP_MD* Sha256() {
  static const EVP_MD* const algorithm =
      EVP_MD_fetch(nullptr, "SHA256", nullptr);
  return algorithm;
}

}  // namespace

absl::string_view RoleName(Role role) {
  switch (role) {
    case Role::kRead:
      return "read";
    case Role::kWrite:
      return "write";
    case Role::kAdmin:
      return "admin";
  }
  return "none";
}

TokenHash HashToken(absl::string_view token) {
  TokenHash hash = {};
  // It fails only without memory; then the hash is no token's.
  EVP_Digest(token.data(), token.size(), hash.data(), nullptr, Sha256(),
             nullptr);
  return hash;
}

bool EqualInConstantTime(const TokenHash& a, const TokenHash& b) {
  std::array<uint64_t, 4> words_a = {};
  std::array<uint64_t, 4> words_b = {};
  std::memcpy(words_a.data(), a.data(), a.size());
  std::memcpy(words_b.data(), b.data(), b.size());
  uint64_t difference = 0;
  for (size_t i = 0; i < words_a.size(); ++i) {
    difference |= words_a[i] ^ words_b[i];
  }
  return difference == 0;
}

bool AccessToken::MayUse(absl::string_view table) const {
  if (tables.empty()) return true;
  return absl::c_any_of(tables, [table](absl::string_view allowed) {
    return absl::ConsumeSuffix(&allowed, "*") ? absl::StartsWith(table, allowed)
                                              : table == allowed;
  });
}

absl::StatusOr<AccessTokens> AccessTokens::Parse(absl::string_view toml) {
  EMB_ASSIGN_OR_RETURN(const std::vector<TokenEntry> entries,
                       ParseTokenEntries(toml));
  if (entries.empty() || entries.size() > kTokensMax) {
    return Wrong("token", absl::StrCat(": want 1 to ", kTokensMax,
                                       " entries [[token]]"));
  }
  AccessTokens tokens;
  for (size_t i = 0; i < entries.size(); ++i) {
    const std::string place = absl::StrCat("token[", i, "]");
    EMB_ASSIGN_OR_RETURN(AccessToken token, ParseToken(place, entries[i]));
    for (const AccessToken& other : tokens.tokens_) {
      if (other.hash != token.hash) continue;
      return Wrong(place, absl::StrCat(".sha256: that of \"", other.name,
                                       "\" too, want another token"));
    }
    tokens.tokens_.push_back(std::move(token));
  }
  return tokens;
}

const AccessToken* AccessTokens::Find(absl::string_view token) const {
  const TokenHash hash = HashToken(token);
  const AccessToken* found = nullptr;
  for (const AccessToken& candidate : tokens_) {
    if (EqualInConstantTime(candidate.hash, hash)) found = &candidate;
  }
  return found;
}

}  // namespace emb
