// embctl token: what callers are known by.
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "CLI/App.hpp"
#include "CLI/Config.hpp"
#include "CLI/Formatter.hpp"
#include "CLI/Validators.hpp"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "client/cli/commands.h"
#include "client/cli/output.h"
#include "core/status_macros.h"
#include "nlohmann/json.hpp"

namespace emb {
namespace {

// As many as a SHA-256 has: neither can be guessed.
constexpr size_t kRandomBytes = 32;

struct TokenFlags {
  std::string name;
  std::string role = "read";
  std::vector<std::string> tables;
  std::string out;
};

// Begins with what it is, for those who search for secrets in the wrong place.
absl::StatusOr<std::string> NewToken() {
  std::array<char, kRandomBytes> random = {};
  if (RAND_bytes(reinterpret_cast<unsigned char*>(random.data()),
                 kRandomBytes) != 1) {
    return absl::InternalError("no random numbers to be had");
  }
  return absl::StrCat(
      "emb_", absl::WebSafeBase64Escape({random.data(), random.size()}));
}

std::string Sha256Hex(absl::string_view text) {
  std::array<char, 32> hash = {};
  EVP_Digest(text.data(), text.size(),
             reinterpret_cast<unsigned char*>(hash.data()), nullptr,
             EVP_sha256(), nullptr);
  return absl::BytesToHexString({hash.data(), hash.size()});
}

// For its owner alone. Not over another: somebody may be using that.
absl::Status WriteSecret(const std::string& path, absl::string_view text) {
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
                        S_IRUSR | S_IWUSR);
  const bool written = file >= 0 && write(file, text.data(), text.size()) ==
                                        static_cast<ssize_t>(text.size());
  const int reason = errno;
  if (file >= 0 && close(file) == 0 && written) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("--out \"", path, "\": ", std::strerror(reason)));
}

// What goes into the server's --token_file.
std::string EntryOf(const TokenFlags& flags, const std::string& hash) {
  const auto quote = [](std::string* out, const std::string& table) {
    absl::StrAppend(out, "\"", table, "\"");
  };
  return absl::StrCat(
      "[[token]]\nname = \"", flags.name, "\"\nrole = \"", flags.role,
      "\"\nsha256 = \"", hash, "\"\n",
      flags.tables.empty()
          ? ""
          : absl::StrCat("tables = [", absl::StrJoin(flags.tables, ", ", quote),
                         "]\n"));
}

absl::Status CreateToken(const TokenFlags& flags, Session& session) {
  EMB_ASSIGN_OR_RETURN(const std::string token, NewToken());
  const std::string hash = Sha256Hex(token);
  if (!flags.out.empty()) {
    EMB_RETURN_IF_ERROR(WriteSecret(flags.out, absl::StrCat(token, "\n")));
  }
  if (session.json) {
    nlohmann::ordered_json json = {
        {"name", flags.name}, {"role", flags.role}, {"sha256", hash}};
    if (!flags.tables.empty()) json["tables"] = flags.tables;
    if (flags.out.empty()) json["token"] = token;
    session.out << JsonLine(json);
    return absl::OkStatus();
  }
  if (flags.out.empty()) {
    session.out << "# The caller's, a secret that is not shown again:\n"
                << token << "\n\n# For the server's --token_file:\n";
  }
  session.out << EntryOf(flags, hash);
  return absl::OkStatus();
}

// Letters that need no quoting, in TOML and elsewhere.
CLI::Validator IsPlainName(const std::string& also) {
  return {[also](std::string& text) -> std::string {
            const auto plain = [&also](char c) {
              return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
                     also.find(c) != std::string::npos;
            };
            if (!text.empty() && text.size() <= 128 &&
                std::all_of(text.begin(), text.end(), plain)) {
              return "";
            }
            return absl::StrCat("\"", text,
                                "\", want 1 to 128 characters of [A-Za-z0-9",
                                also, "]");
          },
          ""};
}

}  // namespace

void AddTokenCommands(CLI::App& app, Session& session) {
  CLI::App* const token =
      app.add_subcommand("token", "Makes what callers are known by");
  token->require_subcommand(1);
  CLI::App* const create =
      token->add_subcommand("create",
                            "Makes a random token, and the entry for the "
                            "server's --token_file, which "
                            "holds its hash alone. Asks no server");
  const auto flags = std::make_shared<TokenFlags>();
  create->add_option("NAME", flags->name, "Who it is for, as the logs say it")
      ->required()
      ->check(IsPlainName("._-"));
  create
      ->add_option("--role", flags->role,
                   "read: lookups, lists, exports; write: also rows and "
                   "versions; admin: everything [read]")
      ->check(CLI::IsMember({"read", "write", "admin"}))
      ->option_text("ROLE");
  create
      ->add_option("--tables", flags->tables,
                   "Only these tables; a final * stands for whatever "
                   "follows [all]")
      ->delimiter(',')
      ->check(IsPlainName("._-*"))
      ->option_text("NAME,...");
  create
      ->add_option("--out", flags->out,
                   "New file for the token, instead of showing it")
      ->option_text("FILE");
  create->footer(
      "Example:\n"
      "  embctl token create ranker --tables 'item,user.*' --out ranker.token "
      ">> tokens.toml\n");
  create->callback([flags, &session] {
    session.action = [flags, &session] { return CreateToken(*flags, session); };
  });
}

}  // namespace emb
