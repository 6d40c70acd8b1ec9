#include "tests/testing/certificates.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "absl/strings/str_format.h"
#include "absl/time/clock.h"

namespace emb {
namespace {

void Check(bool holds) {
  if (!holds) std::abort();
}

// What `write` puts into a BIO.
template <typename Write>
std::string Written(Write write) {
  BIO* const memory = BIO_new(BIO_s_mem());
  Check(write(memory) == 1);
  char* data = nullptr;
  const auto size = BIO_get_mem_data(memory, &data);
  std::string text(data, static_cast<size_t>(size));
  BIO_free(memory);
  return text;
}

}  // namespace

TestCa::TestCa() : key_(NewKey()) {
  certificate_ = NewCertificate("Test CA", key_.get(), absl::Hours(24));
  AddExtension(certificate_.get(), NID_basic_constraints, "critical,CA:TRUE");
  Check(X509_sign(certificate_.get(), key_.get(), EVP_sha256()) > 0);
  cert_pem_ = ToPem(certificate_.get());
}

TestCa::KeyPtr TestCa::NewKey() {
  KeyPtr key(EVP_EC_gen("P-256"));
  Check(key != nullptr);
  return key;
}

TestCa::CertificatePtr TestCa::NewCertificate(const char* name, EVP_PKEY* key,
                                              absl::Duration valid_for) {
  CertificatePtr certificate(X509_new());
  X509* const x = certificate.get();
  Check(X509_set_version(x, X509_VERSION_3) == 1);
  ASN1_INTEGER_set(X509_get_serialNumber(x), last_serial_++);
  const absl::Time now = absl::Now();
  const absl::Time begin = now - absl::Hours(1);
  ASN1_TIME_set(X509_getm_notBefore(x), absl::ToTimeT(begin));
  ASN1_TIME_set(X509_getm_notAfter(x), absl::ToTimeT(now + valid_for));
  X509_set_pubkey(x, key);
  X509_NAME* const subject = X509_get_subject_name(x);
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name), -1,
                             -1, 0);
  X509_set_issuer_name(x, certificate_ == nullptr
                              ? subject
                              : X509_get_subject_name(certificate_.get()));
  return certificate;
}

void TestCa::AddExtension(X509* certificate, int nid, const char* value) {
  X509_EXTENSION* const extension =
      X509V3_EXT_conf_nid(nullptr, nullptr, nid, value);
  Check(extension != nullptr);
  Check(X509_add_ext(certificate, extension, -1) == 1);
  X509_EXTENSION_free(extension);
}

std::string TestCa::ToPem(X509* certificate) {
  return Written(
      [&](BIO* out) { return PEM_write_bio_X509(out, certificate); });
}

CertificatePem TestCa::Issue(absl::Duration valid_for) {
  const KeyPtr key = NewKey();
  const std::string serial = absl::StrFormat("%02X", last_serial_);
  const CertificatePtr certificate =
      NewCertificate("test", key.get(), valid_for);
  AddExtension(certificate.get(), NID_subject_alt_name,
               "DNS:localhost,IP:127.0.0.1");
  Check(X509_sign(certificate.get(), key_.get(), EVP_sha256()) > 0);
  const std::string key_pem = Written([&](BIO* out) {
    return PEM_write_bio_PrivateKey(out, key.get(), nullptr, nullptr, 0,
                                    nullptr, nullptr);
  });
  return {ToPem(certificate.get()), key_pem, serial};
}

void ReplaceFile(const std::string& path, const std::string& content) {
  const std::string beside = path + ".new";
  {
    std::ofstream file(beside, std::ios::binary);
    file << content;
    Check(file.good());
  }
  Check(std::rename(beside.c_str(), path.c_str()) == 0);
}

}  // namespace emb
