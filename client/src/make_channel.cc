#include "client/src/make_channel.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/security/credentials.h"
#include "grpcpp/support/channel_arguments.h"
#include "grpcpp/support/client_interceptor.h"

namespace emb {
namespace {

constexpr int kAnswerBytesMax = 64 << 20;
// Values and the fields around them.
constexpr int kReceiveBytesMax = kAnswerBytesMax + (4 << 20);
// No more often than the server allows without calls in flight: 30 s.
constexpr int kKeepaliveMs = 60'000;

// Three tries for calls that change nothing, fewer when many fail: the one
// layer of retries there is. Creating, dropping and importing are not tried
// again, since the first try may have succeeded.
constexpr char kServiceConfig[] = R"({
  "loadBalancingConfig": [{"round_robin": {}}],
  "retryThrottling": {"maxTokens": 100, "tokenRatio": 0.1},
  "methodConfig": [{
    "name": [
      {"service": "embedding.v1.EmbeddingService"},
      {"service": "embedding.v1.TableAdmin", "method": "GetTable"},
      {"service": "embedding.v1.TableAdmin", "method": "ListTables"},
      {"service": "embedding.v1.TableAdmin", "method": "ListVersions"},
      {"service": "embedding.v1.TableAdmin", "method": "GetStatus"}
    ],
    "retryPolicy": {
      "maxAttempts": 3,
      "initialBackoff": "0.01s",
      "maxBackoff": "0.2s",
      "backoffMultiplier": 2,
      "retryableStatusCodes": ["UNAVAILABLE"]
    }
  }]
})";

// Sends the token with every call of a channel, of whatever kind. gRPC's own
// credentials of calls would do so over TLS alone.
class TokenInterceptor final : public grpc::experimental::Interceptor {
 public:
  // `authorization` outlives the call.
  explicit TokenInterceptor(const std::string& authorization)
      : authorization_(authorization) {}

  void Intercept(grpc::experimental::InterceptorBatchMethods* batch) override {
    using Points = grpc::experimental::InterceptionHookPoints;
    if (batch->QueryInterceptionHookPoint(Points::PRE_SEND_INITIAL_METADATA)) {
      batch->GetSendInitialMetadata()->emplace("authorization", authorization_);
    }
    batch->Proceed();
  }

 private:
  const std::string& authorization_;
};

// Lives as long as its channel.
class TokenInterceptorFactory final
    : public grpc::experimental::ClientInterceptorFactoryInterface {
 public:
  explicit TokenInterceptorFactory(const std::string& token)
      : authorization_(absl::StrCat("Bearer ", token)) {}

  grpc::experimental::Interceptor* CreateClientInterceptor(
      grpc::experimental::ClientRpcInfo* /*info*/) override {
    return new TokenInterceptor(authorization_);
  }

 private:
  const std::string authorization_;
};

std::shared_ptr<grpc::ChannelCredentials> CredentialsOf(
    const ChannelSecurity& security) {
  if (security.ca_pem.empty()) return grpc::InsecureChannelCredentials();
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = security.ca_pem;
  options.pem_cert_chain = security.cert_pem;
  options.pem_private_key = security.key_pem;
  return grpc::SslCredentials(options);
}

}  // namespace

std::shared_ptr<grpc::Channel> MakeChannel(const std::string& address,
                                           const ChannelSecurity& security) {
  grpc::ChannelArguments arguments;
  arguments.SetServiceConfigJSON(kServiceConfig);
  arguments.SetMaxReceiveMessageSize(kReceiveBytesMax);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMs);
  // gRPC would let equal channels of a process share one connection.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  // A proxy for the web is not on the way to a server, least of all to one on
  // the loopback.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  if (!security.server_name.empty()) {
    arguments.SetSslTargetNameOverride(security.server_name);
  }
  std::vector<
      std::unique_ptr<grpc::experimental::ClientInterceptorFactoryInterface>>
      interceptors;
  if (!security.token.empty()) {
    interceptors.push_back(
        std::make_unique<TokenInterceptorFactory>(security.token));
  }
  return grpc::experimental::CreateCustomChannelWithInterceptors(
      address, CredentialsOf(security), arguments, std::move(interceptors));
}

}  // namespace emb
