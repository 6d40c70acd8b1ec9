#include "client/src/channel_security.h"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace emb {
namespace {

constexpr size_t kFileBytesMax = size_t{1} << 20;
constexpr size_t kTokenBytesMax = 1024;
constexpr char kPemMark[] = "-----BEGIN ";

// A file and where its name comes from, for messages.
struct Setting {
  std::string name;
  std::string path;
  bool from_environment = false;

  bool given() const { return !path.empty(); }
  absl::Status Wrong(absl::string_view complaint) const {
    return absl::InvalidArgumentError(
        absl::StrCat(name, " \"", path, "\": ", complaint));
  }
};

Setting SettingOf(const std::string& given, const char* flag,
                  const char* variable) {
  if (!given.empty()) return {flag, given, false};
  const char* const path = std::getenv(variable);
  return {variable, path == nullptr ? "" : path, true};
}

struct FileCloser {
  void operator()(std::FILE* file) const {
    static_cast<void>(std::fclose(file));
  }
};

absl::StatusOr<std::string> ReadFile(const Setting& setting) {
  const std::unique_ptr<std::FILE, FileCloser> file(
      std::fopen(setting.path.c_str(), "re"));
  if (file == nullptr) return setting.Wrong(std::strerror(errno));
  std::string text(kFileBytesMax, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file.get()));
  // A directory opens, and then cannot be read.
  if (std::ferror(file.get()) != 0) return setting.Wrong(std::strerror(errno));
  return text;
}

// Empty if none is given.
absl::StatusOr<std::string> ReadPem(const Setting& setting,
                                    const char* content) {
  if (!setting.given()) return std::string();
  auto pem = ReadFile(setting);
  if (!pem.ok() || absl::StrContains(*pem, kPemMark)) return pem;
  return setting.Wrong(absl::StrCat("want ", content, " in PEM"));
}

// What can stand in a header.
bool IsToken(absl::string_view text) {
  return !text.empty() && text.size() <= kTokenBytesMax &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return absl::ascii_isgraph(static_cast<unsigned char>(c));
         });
}

absl::StatusOr<std::string> ReadToken(const ClientOptions& options) {
  if (!options.token.empty()) {
    if (IsToken(options.token)) return options.token;
    return absl::InvalidArgumentError(absl::StrCat(
        "token: want 1 to ", kTokenBytesMax, " visible ASCII characters"));
  }
  const Setting setting =
      SettingOf(options.token_file, "--token-file", "EMB_TOKEN_FILE");
  if (!setting.given()) return std::string();
  const auto text = ReadFile(setting);
  if (!text.ok()) return text.status();
  const absl::string_view token = absl::StripAsciiWhitespace(*text);
  if (IsToken(token)) return std::string(token);
  // The server has a flag of that name, and so a variable: where both run in
  // one environment it names the server's file, which holds no token.
  if (setting.from_environment && absl::StrContains(token, "sha256")) {
    return std::string();
  }
  return setting.Wrong("want a token on its only line");
}

absl::Status CheckTogether(const Setting& ca, const Setting& cert,
                           const Setting& key) {
  if (cert.given() != key.given()) {
    return (cert.given() ? cert : key)
        .Wrong(absl::StrCat("want it with ",
                            cert.given() ? "--tls-key (EMB_TLS_KEY)"
                                         : "--tls-cert (EMB_TLS_CERT)"));
  }
  if (cert.given() && !ca.given()) {
    return cert.Wrong("want it with --tls-ca (EMB_TLS_CA)");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ChannelSecurity> ReadChannelSecurity(
    const ClientOptions& options) {
  const ClientTls& tls = options.tls;
  const Setting ca = SettingOf(tls.ca_file, "--tls-ca", "EMB_TLS_CA");
  const Setting cert = SettingOf(tls.cert_file, "--tls-cert", "EMB_TLS_CERT");
  const Setting key = SettingOf(tls.key_file, "--tls-key", "EMB_TLS_KEY");
  const absl::Status together = CheckTogether(ca, cert, key);
  if (!together.ok()) return together;
  const auto ca_pem = ReadPem(ca, "certificates");
  if (!ca_pem.ok()) return ca_pem.status();
  const auto cert_pem = ReadPem(cert, "a certificate");
  if (!cert_pem.ok()) return cert_pem.status();
  const auto key_pem = ReadPem(key, "a private key");
  if (!key_pem.ok()) return key_pem.status();
  const auto token = ReadToken(options);
  if (!token.ok()) return token.status();
  return ChannelSecurity{*ca_pem, *cert_pem, *key_pem, tls.server_name, *token};
}

}  // namespace emb
