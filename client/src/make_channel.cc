#include "client/src/make_channel.h"

#include "grpcpp/create_channel.h"
#include "grpcpp/security/credentials.h"
#include "grpcpp/support/channel_arguments.h"

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

}  // namespace

std::shared_ptr<grpc::Channel> MakeChannel(const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetServiceConfigJSON(kServiceConfig);
  arguments.SetMaxReceiveMessageSize(kReceiveBytesMax);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMs);
  // gRPC would let equal channels of a process share one connection.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  // A proxy for the web is not on the way to a server, least of all to one on
  // the loopback.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(),
                                   arguments);
}

}  // namespace emb
