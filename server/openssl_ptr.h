// Owners of OpenSSL's objects.
#ifndef EMB_SERVER_OPENSSL_PTR_H_
#define EMB_SERVER_OPENSSL_PTR_H_

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <memory>
#include <string>

namespace emb {

template <auto kFree>
struct OpensslFreer {
  template <typename T>
  void operator()(T* object) const {
    kFree(object);
  }
};
using BioPtr = std::unique_ptr<BIO, OpensslFreer<BIO_free>>;
using CertificatePtr = std::unique_ptr<X509, OpensslFreer<X509_free>>;
using StorePtr = std::unique_ptr<X509_STORE, OpensslFreer<X509_STORE_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, OpensslFreer<EVP_PKEY_free>>;
using ContextPtr = std::unique_ptr<SSL_CTX, OpensslFreer<SSL_CTX_free>>;
using ConnectionPtr = std::unique_ptr<SSL, OpensslFreer<SSL_free>>;
using NumberPtr = std::unique_ptr<BIGNUM, OpensslFreer<BN_free>>;

// What OpenSSL leaves behind would be taken for the error of a handshake on
// the same thread.
struct ErrorQueueGuard {
  ErrorQueueGuard() = default;
  ~ErrorQueueGuard() { ERR_clear_error(); }
  ErrorQueueGuard(const ErrorQueueGuard&) = delete;
  ErrorQueueGuard& operator=(const ErrorQueueGuard&) = delete;
};

// `pem` outlives the reader.
inline BioPtr ReaderOf(const std::string& pem) {
  return BioPtr(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

}  // namespace emb

#endif  // EMB_SERVER_OPENSSL_PTR_H_
