#include "client/src/make_channel.h"

#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/security/credentials.h"
#include "grpcpp/support/channel_arguments.h"
#include "grpcpp/support/client_interceptor.h"

namespace emb {
namespace {

// The server's default, --answer_bytes_max. By itself gRPC takes 4 MiB, which
// are 16,384 rows of 64 float32.
constexpr int kAnswerBytesMax = 64 << 20;
// Values and the fields around them.
constexpr int kReceiveBytesMax = kAnswerBytesMax + (4 << 20);
// No more often than the server allows without calls in flight: 30 s.
constexpr int kKeepaliveMs = 60'000;
// A connection over which nothing gets through any more, so that neither what
// was sent nor a ping is acknowledged, is given up: callers go elsewhere.
constexpr int kKeepaliveTimeoutMs = 5'000;

// A server that comes back is used again within 5 s, which is also how long one
// that drains goes on answering: in a rolling restart there is always another.
// Of gRPC's own, the last is 120 s, and a try at a host that does not answer
// at all takes 20 s.
constexpr int kFirstReconnectMs = 100;
constexpr int kLastReconnectMs = 1'000;
constexpr int kConnectTimeoutMs = 3'000;

// What is kept of a call to send it again. By itself gRPC gives up retries of
// requests above 256 KiB; the largest that a server takes are 4 MiB.
constexpr int kRetryBytesMax = 5 << 20;

// Three tries for calls that change nothing: the one layer of retries there is.
// Creating, dropping and importing are not tried again, since the first try may
// have succeeded. Lookup streams are reopened by GrpcLookupStream.
//
// A server that stops ends calls with CANCELLED; a call that this side
// cancelled is not tried again whatever its status. Retries are not throttled:
// a server that dies may take thousands of calls with it, of which gRPC would
// retry 500 at most. One that has too much to do says RESOURCE_EXHAUSTED, which
// is not tried again.
constexpr char kRetries[] = R"(
  "methodConfig": [{
    "name": [
      {"service": "embedding.v1.EmbeddingService", "method": "Lookup"},
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
      "retryableStatusCodes": ["UNAVAILABLE", "CANCELLED"]
    }
  }],)";

// Whoever says "not serving" is not asked: who loads, and who drains. The empty
// name is the server as a whole. One without a health service counts as well.
constexpr char kHealthChecks[] = R"(
  "healthCheckConfig": {"serviceName": ""},)";

constexpr char kBalancing[] = R"(
  "loadBalancingConfig": [{"round_robin": {}}])";

std::string ServiceConfig(ChannelUse use) {
  return absl::StrCat("{", use.retry ? kRetries : "",
                      use.serving_only ? kHealthChecks : "", kBalancing, "}");
}

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

bool MayNameSeveral(const std::string& address) {
  if (absl::StrContains(address, ',')) return true;
  for (const absl::string_view one :
       {"unix:", "unix-abstract:", "ipv4:", "ipv6:", "vsock:", "["}) {
    if (absl::StartsWith(address, one)) return false;
  }
  const std::string host = address.substr(0, address.rfind(':'));
  return host.find_first_not_of("0123456789.") != std::string::npos;
}

std::shared_ptr<grpc::Channel> MakeChannel(const std::string& address,
                                           const ChannelSecurity& security,
                                           ChannelUse use) {
  // What is not set is as gRPC has it: frames, buffers and reads gained
  // nothing, without probes rates fell to 0.4 of what they were
  // (docs/adr/0005-keep-the-callback-adapter.md).
  grpc::ChannelArguments arguments;
  // Retries cost 5 to 14 % of the CPU of small calls (the same ADR): what a
  // caller gets for it is that a restart of a server fails none.
  arguments.SetServiceConfigJSON(ServiceConfig(use));
  // An answer is whole in memory, so it has a limit: that of servers.
  arguments.SetMaxReceiveMessageSize(kReceiveBytesMax);
  // A server that lost its power is missed; by default never.
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMs);
  // Callers go elsewhere after this; the default is 20 s.
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
  // The first wait after a failed try; by default 1 s, all of a lookup's time.
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, kFirstReconnectMs);
  // The longest; by default 120 s.
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kLastReconnectMs);
  // Misnamed: how long a try may take; by default 20 s.
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, kConnectTimeoutMs);
  // So that the largest request that a server takes is sent again as well.
  arguments.SetInt(GRPC_ARG_PER_RPC_RETRY_BUFFER_SIZE, kRetryBytesMax);
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
