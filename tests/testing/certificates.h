// Certificates made on the spot.
#ifndef EMB_TESTS_TESTING_CERTIFICATES_H_
#define EMB_TESTS_TESTING_CERTIFICATES_H_

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <string>

#include "absl/time/time.h"

namespace emb {

// A certificate and its private key, in PEM, with its serial in hexadecimal.
struct CertificatePem {
  std::string cert;
  std::string key;
  std::string serial;
};

// TestCa signs certificates for localhost and 127.0.0.1 with a key of its own.
//
// Threads  One thread.
class TestCa {
 public:
  TestCa();

  // Valid from an hour ago until `valid_for` from now; negative: it has
  // expired. Each has another serial.
  CertificatePem Issue(absl::Duration valid_for = absl::Hours(1));

  // Of the authority itself.
  const std::string& cert_pem() const { return cert_pem_; }

 private:
  struct KeyFreer {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  };
  struct CertificateFreer {
    void operator()(X509* certificate) const { X509_free(certificate); }
  };
  using KeyPtr = std::unique_ptr<EVP_PKEY, KeyFreer>;
  using CertificatePtr = std::unique_ptr<X509, CertificateFreer>;

  static KeyPtr NewKey();
  CertificatePtr NewCertificate(const char* name, EVP_PKEY* key,
                                absl::Duration valid_for);
  static void AddExtension(X509* certificate, int nid, const char* value);
  static std::string ToPem(X509* certificate);

  KeyPtr key_;
  CertificatePtr certificate_;
  std::string cert_pem_;
  int last_serial_ = 0x10;
};

// Puts a file in the place of another in one step.
void ReplaceFile(const std::string& path, const std::string& content);

}  // namespace emb

#endif  // EMB_TESTS_TESTING_CERTIFICATES_H_
