#include "server/listener.h"

#include <chrono>
#include <utility>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "core/status_macros.h"
#include "grpcpp/health_check_service_interface.h"
#include "grpcpp/server_builder.h"
#include "server/rpc_interceptor.h"
#include "server/tls_credentials.h"

namespace emb {
namespace {

// Settings that protect a server whose callers may be slow, silent or many:
// docs/security.md says what each bounds, and what tests measured. What is not
// set is as gRPC has it: frames, buffers, probes and reads gained nothing, or
// lost (docs/adr/0005-keep-the-callback-adapter.md).
void SetArguments(const ListenerOptions& options,
                  grpc::ServerBuilder& builder) {
  // A request is whole in memory before it is looked at.
  builder.SetMaxReceiveMessageSize(static_cast<int>(options.message_bytes_max));
  // Without this a second server shares the port in silence.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  // Calls of one connection; gRPC knows no limit, and each costs memory.
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, 256);
  // That of gRPC 1.51, kept whatever other releases take.
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, 8 << 10);
  // A peer that connects and says nothing; the default is two minutes.
  builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, 10'000);
  // A peer that lost its power keeps what its calls hold until it is missed;
  // the default is to ask after two hours.
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, 60'000);
  // gRPC's own: a link may be away for so long and come back.
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 20'000);
  // Our client pings a silent stream after 60 s; by default anything below 5
  // minutes is an attack, and ends the connection.
  builder.AddChannelArgument(
      GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 30'000);
  // Gives back the descriptor of a caller who asks no more: by default never.
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_IDLE_MS, 300'000);
  if (options.connection_age_max != absl::InfiniteDuration()) {
    // Callers spread over servers that were added: by default never.
    builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_MS,
                               static_cast<int>(absl::ToInt64Milliseconds(
                                   options.connection_age_max)));
    // For the calls in flight; by default one that hangs keeps its connection.
    builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_GRACE_MS, 30'000);
  }
}

}  // namespace

absl::StatusOr<Address> CheckedAddress(const ListenerOptions& options) {
  auto address = ParseAddress(options.address);
  if (!address.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat(options.flag, ": ", address.status().message()));
  }
  if (!address->is_local() && options.tls == nullptr && !options.insecure) {
    return absl::InvalidArgumentError(absl::StrCat(
        options.flag, ": other machines can reach \"", options.address,
        "\" in plain text; want --tls_cert and --tls_key, a loopback address, "
        "unix:PATH, or --insecure on a network that you trust"));
  }
  return address;
}

absl::Status CannotListen(const ListenerOptions& options) {
  return absl::UnavailableError(
      absl::StrCat(options.flag, ": cannot listen on ", options.address,
                   "; is it in use, or not an address of this machine?"));
}

absl::StatusOr<std::unique_ptr<Listener>> Listener::Start(
    const ListenerOptions& options, grpc::Service& service,
    const std::string& service_name) {
  EMB_ASSIGN_OR_RETURN(Address address, CheckedAddress(options));
  auto listener = absl::WrapUnique(new Listener);
  listener->service_name_ = service_name;
  listener->credentials_ = options.tls == nullptr
                               ? grpc::InsecureServerCredentials()
                               : MakeTlsCredentials(*options.tls);
  grpc::ServerBuilder builder;
  SetArguments(options, builder);
  int port = 0;
  builder.AddListeningPort(address.ToString(), listener->credentials_, &port);
  builder.RegisterService(&service);
  if (options.metrics != nullptr) {
    builder.experimental().SetInterceptorCreators(
        MakeRpcInterceptors(*options.metrics, *options.authorizer));
  }
  listener->server_ = builder.BuildAndStart();
  if (listener->server_ == nullptr || port == 0) {
    return CannotListen(options);
  }
  if (!address.is_unix()) address.port = port;
  listener->address_ = address.ToString();
  listener->SetServing(false);
  return listener;
}

void Listener::SetServing(bool serving) {
  auto* const health = server_->GetHealthCheckService();
  // The empty name is the server as a whole.
  health->SetServingStatus("", serving);
  health->SetServingStatus(service_name_, serving);
}

void Listener::Shutdown(absl::Duration timeout) {
  server_->Shutdown(std::chrono::system_clock::now() +
                    absl::ToChronoMilliseconds(timeout));
  server_->Wait();
}

}  // namespace emb
