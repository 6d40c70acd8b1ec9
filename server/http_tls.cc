#include "server/http_tls.h"

#include <openssl/pem.h>

#include <string>
#include <vector>

#include "server/openssl_ptr.h"

namespace emb {
namespace {

// ServerTls has checked that they can be read.
std::vector<CertificatePtr> CertificatesOf(const std::string& pem) {
  const BioPtr bio = ReaderOf(pem);
  std::vector<CertificatePtr> certificates;
  while (X509* next = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) {
    certificates.emplace_back(next);
  }
  return certificates;
}

bool ShowIdentity(const TlsIdentity& identity, SSL& connection) {
  const BioPtr bio = ReaderOf(identity.key_pem);
  const KeyPtr key(
      PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
  const auto chain = CertificatesOf(identity.cert_pem);
  if (key == nullptr || chain.empty() ||
      SSL_use_certificate(&connection, chain.front().get()) != 1 ||
      SSL_use_PrivateKey(&connection, key.get()) != 1) {
    return false;
  }
  for (size_t i = 1; i < chain.size(); ++i) {
    if (SSL_add1_chain_cert(&connection, chain[i].get()) != 1) return false;
  }
  return true;
}

bool AskForCertificate(const TlsIdentity& identity, SSL& connection) {
  const StorePtr authorities(X509_STORE_new());
  if (authorities == nullptr) return false;
  for (const auto& authority : CertificatesOf(identity.client_ca_pem)) {
    if (X509_STORE_add_cert(authorities.get(), authority.get()) != 1 ||
        SSL_add_client_CA(&connection, authority.get()) != 1) {
      return false;
    }
  }
  SSL_set_verify(&connection, SSL_VERIFY_PEER, nullptr);
  return SSL_set1_verify_cert_store(&connection, authorities.get()) == 1;
}

// OpenSSL's question in the middle of each handshake; 0 ends it.
int OnHandshake(SSL* connection, void* tls) {
  const ErrorQueueGuard guard;  // The end of a file is an error.
  const auto identity = static_cast<const ServerTls*>(tls)->identity();
  if (!ShowIdentity(*identity, *connection)) return 0;
  if (identity->client_ca_pem.empty()) return 1;
  return AskForCertificate(*identity, *connection) ? 1 : 0;
}

}  // namespace

bool SetUpHttpTls(const ServerTls& tls, SSL_CTX& context) {
  SSL_CTX_set_cert_cb(&context, OnHandshake, const_cast<ServerTls*>(&tls));
  // A session that is resumed would be that of an identity of before.
  SSL_CTX_set_session_cache_mode(&context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_options(&context, SSL_OP_NO_TICKET);
  return SSL_CTX_set_min_proto_version(&context, TLS1_2_VERSION) == 1;
}

bool HasClientCertificate(const SSL& connection) {
  return SSL_get0_peer_certificate(&connection) != nullptr &&
         SSL_get_verify_result(&connection) == X509_V_OK;
}

}  // namespace emb
