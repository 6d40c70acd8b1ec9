#include "server/tls.h"

#include <openssl/asn1.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <ctime>
#include <utility>
#include <vector>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "core/status_macros.h"
#include "server/log.h"
#include "server/openssl_ptr.h"
#include "server/small_file.h"

namespace emb {
namespace {

constexpr size_t kPemBytesMax = size_t{1} << 20;

// A flag and the file that it names, for messages.
struct NamedFile {
  const char* flag;
  const std::string& path;

  absl::Status Wrong(absl::string_view complaint) const {
    return absl::InvalidArgumentError(
        absl::StrCat(flag, " \"", path, "\": ", complaint));
  }
};

// Instead of asking at the terminal.
int NoPassphrase(char* /*buffer*/, int /*size*/, int /*writing*/,
                 void* /*data*/) {
  return -1;
}

// The first certificate, after all were read.
absl::StatusOr<CertificatePtr> ParseCertificates(const NamedFile& file,
                                                 const std::string& pem) {
  const BioPtr reader = ReaderOf(pem);
  CertificatePtr first;
  while (CertificatePtr next{
      PEM_read_bio_X509(reader.get(), nullptr, NoPassphrase, nullptr)}) {
    if (first == nullptr) first = std::move(next);
  }
  const bool at_end =
      ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  if (first != nullptr && at_end) return first;
  return file.Wrong("want certificates in PEM");
}

absl::StatusOr<KeyPtr> ParseKey(const NamedFile& file, const std::string& pem) {
  KeyPtr key(PEM_read_bio_PrivateKey(ReaderOf(pem).get(), nullptr, NoPassphrase,
                                     nullptr));
  if (key != nullptr) return key;
  return file.Wrong("want a private key in PEM, without a passphrase");
}

absl::Time ToTime(const ASN1_TIME* time) {
  std::tm utc = {};
  if (ASN1_TIME_to_tm(time, &utc) != 1) return absl::InfinitePast();
  return absl::FromTM(utc, absl::UTCTimeZone());
}

std::string SerialOf(const X509& certificate) {
  const NumberPtr number(
      ASN1_INTEGER_to_BN(X509_get0_serialNumber(&certificate), nullptr));
  char* const hex = number == nullptr ? nullptr : BN_bn2hex(number.get());
  if (hex == nullptr) return "";
  std::string serial(hex);
  OPENSSL_free(hex);
  return serial;
}

absl::Status CheckValidity(const NamedFile& file, const X509& certificate,
                           absl::Time now) {
  const absl::Time begin = ToTime(X509_get0_notBefore(&certificate));
  const absl::Time end = ToTime(X509_get0_notAfter(&certificate));
  if (now >= end) {
    return file.Wrong(absl::StrCat("expired at ", absl::FormatTime(end)));
  }
  if (now < begin) {
    return file.Wrong(
        absl::StrCat("not valid before ", absl::FormatTime(begin)));
  }
  return absl::OkStatus();
}

// What a handshake would find fault with, such as a key that is too short.
absl::Status CheckAccepted(const NamedFile& file, X509* certificate,
                           EVP_PKEY* key) {
  const ContextPtr context(SSL_CTX_new(TLS_server_method()));
  if (context != nullptr &&
      SSL_CTX_use_certificate(context.get(), certificate) == 1 &&
      SSL_CTX_use_PrivateKey(context.get(), key) == 1) {
    return absl::OkStatus();
  }
  const char* const reason = ERR_reason_error_string(ERR_peek_last_error());
  return file.Wrong(absl::StrCat("not fit for TLS: ",
                                 reason == nullptr ? "refused" : reason));
}

absl::Status CheckGiven(const TlsOptions& options) {
  if (!options.cert_file.empty() && !options.key_file.empty()) {
    return absl::OkStatus();
  }
  const bool no_cert = options.cert_file.empty();
  return absl::InvalidArgumentError(absl::StrCat(
      no_cert ? "--tls_cert" : "--tls_key", ": not given, want it with ",
      !no_cert                    ? "--tls_cert"
      : !options.key_file.empty() ? "--tls_key"
                                  : "--tls_client_ca"));
}

void LogIdentity(const TlsOptions& options, const TlsIdentity& identity) {
  Log(LogLevel::kInfo, "certificate_loaded",
      {{"file", options.cert_file},
       {"serial", identity.serial},
       {"expires_at", absl::FormatTime(identity.expires_at)}});
}

}  // namespace

absl::StatusOr<TlsIdentity> ReadTlsIdentity(const TlsOptions& options,
                                            absl::Time now) {
  EMB_RETURN_IF_ERROR(CheckGiven(options));
  const ErrorQueueGuard guard;
  const NamedFile cert_file = {"--tls_cert", options.cert_file};
  const NamedFile key_file = {"--tls_key", options.key_file};
  const NamedFile ca_file = {"--tls_client_ca", options.client_ca_file};
  TlsIdentity identity;
  EMB_ASSIGN_OR_RETURN(
      identity.cert_pem,
      ReadSmallFile(cert_file.flag, cert_file.path, kPemBytesMax));
  EMB_ASSIGN_OR_RETURN(
      identity.key_pem,
      ReadSmallFile(key_file.flag, key_file.path, kPemBytesMax));
  EMB_ASSIGN_OR_RETURN(const CertificatePtr certificate,
                       ParseCertificates(cert_file, identity.cert_pem));
  EMB_ASSIGN_OR_RETURN(const KeyPtr key, ParseKey(key_file, identity.key_pem));
  if (X509_check_private_key(certificate.get(), key.get()) != 1) {
    return key_file.Wrong(
        absl::StrCat("not the key of --tls_cert \"", options.cert_file, "\""));
  }
  EMB_RETURN_IF_ERROR(CheckValidity(cert_file, *certificate, now));
  EMB_RETURN_IF_ERROR(CheckAccepted(cert_file, certificate.get(), key.get()));
  if (!options.client_ca_file.empty()) {
    EMB_ASSIGN_OR_RETURN(
        identity.client_ca_pem,
        ReadSmallFile(ca_file.flag, ca_file.path, kPemBytesMax));
    EMB_RETURN_IF_ERROR(
        ParseCertificates(ca_file, identity.client_ca_pem).status());
  }
  identity.serial = SerialOf(*certificate);
  identity.expires_at = ToTime(X509_get0_notAfter(certificate.get()));
  return identity;
}

absl::StatusOr<std::unique_ptr<ServerTls>> ServerTls::Create(
    const TlsOptions& options, absl::Duration reload_interval,
    std::function<absl::Time()> now) {
  std::vector<std::string> paths = {options.cert_file, options.key_file};
  if (!options.client_ca_file.empty()) paths.push_back(options.client_ca_file);
  std::string state = FileWatch::StateOf(paths);
  EMB_ASSIGN_OR_RETURN(TlsIdentity identity, ReadTlsIdentity(options, now()));
  LogIdentity(options, identity);
  auto tls = absl::WrapUnique(
      new ServerTls(options, std::move(now),
                    std::make_shared<const TlsIdentity>(std::move(identity))));
  tls->watch_.emplace(
      FileWatch::Options{std::move(paths), std::move(state), reload_interval,
                         [tls = tls.get()] { return tls->Reload(); },
                         [](const absl::Status& status) {
                           if (!status.ok())
                             LogFailure("certificate_reload_failed", status);
                         }});
  return tls;
}

ServerTls::ServerTls(TlsOptions options, std::function<absl::Time()> now,
                     std::shared_ptr<const TlsIdentity> identity)
    : options_(std::move(options)),
      now_(std::move(now)),
      current_(std::move(identity)) {}

absl::Status ServerTls::Reload() {
  const MutexLock lock(reload_mutex_);
  EMB_ASSIGN_OR_RETURN(TlsIdentity identity, ReadTlsIdentity(options_, now_()));
  LogIdentity(options_, identity);
  current_.Set(std::make_shared<const TlsIdentity>(std::move(identity)));
  return absl::OkStatus();
}

}  // namespace emb
