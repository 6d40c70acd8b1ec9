#include "server/tls_credentials.h"

#include <string>
#include <type_traits>
#include <utility>

#include "core/mutex.h"
#include "grpc/grpc.h"
#include "grpc/grpc_security.h"

namespace emb {
namespace {

// What one listener was given last.
class IdentityFeed {
 public:
  explicit IdentityFeed(const ServerTls& tls) : tls_(tls) {}

  // gRPC's question before each handshake, and when the server starts.
  static grpc_ssl_certificate_config_reload_status Fetch(
      void* feed, grpc_ssl_server_certificate_config** config) {
    return static_cast<IdentityFeed*>(feed)->FetchNewer(config);
  }

 private:
  grpc_ssl_certificate_config_reload_status FetchNewer(
      grpc_ssl_server_certificate_config** config) {
    std::shared_ptr<const TlsIdentity> identity = tls_.identity();
    const MutexLock lock(mutex_);
    if (identity == given_) return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_UNCHANGED;
    const grpc_ssl_pem_key_cert_pair pair = {identity->key_pem.c_str(),
                                             identity->cert_pem.c_str()};
    // gRPC insists on authorities. Where clients are asked for no certificate
    // they are of no use, and may as well be the server's own.
    const std::string& authorities = identity->client_ca_pem.empty()
                                         ? identity->cert_pem
                                         : identity->client_ca_pem;
    // Copies all of it.
    *config = grpc_ssl_server_certificate_config_create(authorities.c_str(),
                                                        &pair, 1);
    given_ = std::move(identity);
    return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_NEW;
  }

  const ServerTls& tls_;
  Mutex mutex_;
  std::shared_ptr<const TlsIdentity> given_ ABSL_GUARDED_BY(mutex_);
};

// The C++ face of gRPC's own credentials. At first it is an interface,
// in later versions a class that holds them: then the second form is the one.
template <typename Base, bool kIsInterface = std::is_abstract_v<Base>>
class FetchingCredentials final : public Base {
 public:
  FetchingCredentials(std::unique_ptr<IdentityFeed> feed,
                      grpc_server_credentials* credentials)
      : feed_(std::move(feed)), credentials_(credentials) {}
  ~FetchingCredentials() override {
    grpc_server_credentials_release(credentials_);
  }

  FetchingCredentials(const FetchingCredentials&) = delete;
  FetchingCredentials& operator=(const FetchingCredentials&) = delete;

  void SetAuthMetadataProcessor(
      const std::shared_ptr<grpc::AuthMetadataProcessor>& /*processor*/)
      override {}

 private:
  int AddPortToServer(const std::string& address,
                      grpc_server* server) override {
    return grpc_server_add_http2_port(server, address.c_str(), credentials_);
  }

  const std::unique_ptr<IdentityFeed> feed_;
  grpc_server_credentials* const credentials_;
};

template <typename Base>
class FetchingCredentials<Base, false> final : public Base {
 public:
  FetchingCredentials(std::unique_ptr<IdentityFeed> feed,
                      grpc_server_credentials* credentials)
      : Base(credentials), feed_(std::move(feed)) {}

 private:
  const std::unique_ptr<IdentityFeed> feed_;
};

}  // namespace

std::shared_ptr<grpc::ServerCredentials> MakeTlsCredentials(
    const ServerTls& tls) {
  const grpc_ssl_client_certificate_request_type request =
      tls.options().client_ca_file.empty()
          ? GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE
          : GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY;
  auto feed = std::make_unique<IdentityFeed>(tls);
  grpc_server_credentials* const credentials =
      grpc_ssl_server_credentials_create_with_options(
          grpc_ssl_server_credentials_create_options_using_config_fetcher(
              request, IdentityFeed::Fetch, feed.get()));
  return std::make_shared<FetchingCredentials<grpc::ServerCredentials>>(
      std::move(feed), credentials);
}

}  // namespace emb
