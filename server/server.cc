#include "server/server.h"

#include <algorithm>
#include <utility>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "core/mutex.h"
#include "core/status_macros.h"
#include "grpc/grpc.h"
#include "grpcpp/ext/proto_server_reflection_plugin.h"
#include "grpcpp/health_check_service_interface.h"
#include "server/log.h"
#include "server/server_parts.h"
#include "storage/rocks_table_store.h"

namespace emb {
namespace {

constexpr absl::Duration kLookupConnectionAge = absl::Minutes(30);

// Process-wide settings of gRPC that every later builder follows.
void SetUpGrpc() {
  CaptureLibraryLogs();
  grpc::EnableDefaultHealthCheckService(true);
  // Never given back: the last user of gRPC would wait up to 10 s for a thread
  // that polls on behalf of half-written sockets, at the very end of a drain.
  static const bool initialised = (grpc_init(), true);
  static_cast<void>(initialised);
  // The library adds itself to every builder as soon as it is linked, and
  // cannot be taken out again: hence no flag.
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
}

absl::StatusOr<std::unique_ptr<TableStore>> OpenStoreOf(
    const ServerOptions& options) {
  auto store = OpenRocksTableStore({.data_dir = options.data_dir});
  if (!absl::IsDataLoss(store.status())) return store;
  return absl::DataLossError(absl::StrCat(
      store.status().message(),
      "; restore a backup, or copy what can be read with --salvage"));
}

// How each listener is to be.
struct Listeners {
  ListenerOptions data;
  ListenerOptions admin;
  ListenerOptions http;
};

Listeners ListenersOf(const ServerOptions& options, const ServerTls* tls) {
  const Limits& limits = options.limits;
  Listeners listeners;
  listeners.data = {.flag = "--listen",
                    .address = options.listen,
                    .insecure = options.insecure,
                    .message_bytes_max = limits.request_bytes_max,
                    .connection_age_max = kLookupConnectionAge,
                    .tls = tls};
  listeners.admin = {.flag = "--admin_listen",
                     .address = options.admin_listen,
                     .insecure = options.insecure,
                     .message_bytes_max = std::max(limits.request_bytes_max,
                                                   limits.update_bytes_max),
                     .tls = tls};
  listeners.http = {.flag = "--http_listen",
                    .address = options.http_listen,
                    .insecure = options.insecure,
                    .tls = tls};
  return listeners;
}

// Everything that can be checked before a server is made.
absl::StatusOr<std::unique_ptr<Credentials>> CheckedCredentials(
    const ServerOptions& options) {
  if (options.data_dir.empty()) {
    return absl::InvalidArgumentError("--data_dir: empty, want a directory");
  }
  EMB_ASSIGN_OR_RETURN(std::unique_ptr<Credentials> credentials,
                       Credentials::Read({options.tls, options.token_file,
                                          options.reload_interval}));
  const Listeners listeners = ListenersOf(options, credentials->tls());
  EMB_RETURN_IF_ERROR(CheckedAddress(listeners.data).status());
  EMB_RETURN_IF_ERROR(CheckedAddress(listeners.admin).status());
  if (!options.http_listen.empty()) {
    EMB_RETURN_IF_ERROR(CheckedAddress(listeners.http).status());
  }
  return credentials;
}

}  // namespace

Server::Server(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

absl::Status Server::Parts::Listen() {
  const Listeners listeners = ListenersOf(options, credentials->tls());
  EMB_ASSIGN_OR_RETURN(data_listener,
                       Listener::Start(listeners.data, lookup_service,
                                       "embedding.v1.EmbeddingService"));
  ListenerOptions admin = listeners.admin;
  admin.metrics = &calls.metrics;
  admin.authorizer = &credentials->authorizer();
  EMB_ASSIGN_OR_RETURN(
      admin_listener,
      Listener::Start(admin, admin_guard, "embedding.v1.TableAdmin"));
  if (!options.http_listen.empty()) {
    EMB_ASSIGN_OR_RETURN(http_listener,
                         HttpListener::Start(listeners.http, Pages()));
  }
  self_probe.emplace(SelfProbe::Dependencies{
      [this] { return ProbeDataPort(); }, options.self_probe_interval,
      self_probe_failures, options.on_wedged});
  return absl::OkStatus();
}

absl::Status CheckServerOptions(const ServerOptions& options) {
  return CheckedCredentials(options).status();
}

absl::StatusOr<std::unique_ptr<Server>> Server::Start(
    const ServerOptions& options) {
  // Before anything is made on disk.
  EMB_ASSIGN_OR_RETURN(auto credentials, CheckedCredentials(options));
  SetLogLevel(options.log_level);
  SetUpGrpc();
  EMB_ASSIGN_OR_RETURN(std::unique_ptr<TableStore> store, OpenStoreOf(options));
  auto parts = std::make_unique<Parts>(options, std::move(credentials),
                                       std::move(store));
  EMB_RETURN_IF_ERROR(parts->Listen());
  auto server = absl::WrapUnique(new Server(std::move(parts)));
  Log(LogLevel::kInfo, "listening",
      {{"data", server->data_address()},
       {"admin", server->admin_address()},
       {"http", server->http_address()},
       {"data_dir", options.data_dir},
       {"memory_limit_bytes", server->parts_->budget.limit_bytes()},
       {"version", ServerVersion()}});
  return server;
}

Server::~Server() {
  if (parts_->stopped) return;
  parts_->StopWatching();
  if (parts_->data_listener) parts_->data_listener->Shutdown({});
  if (parts_->admin_listener) parts_->admin_listener->Shutdown({});
}

absl::Status Server::Load() {
  EMB_RETURN_IF_ERROR(parts_->LoadAndPublish());
  parts_->registry.set_phase(Phase::kServing);
  parts_->UpdateHealth();
  Log(LogLevel::kInfo, "serving");
  return absl::OkStatus();
}

absl::Status Server::Reload(const ServerOptions& options) {
  // First what may fail: then nothing has changed.
  EMB_RETURN_IF_ERROR(ReloadCredentials());
  SetLogLevel(options.log_level);
  // Those of the control plane and of messages are part of what is made at the
  // start.
  parts_->limits.Set(std::make_shared<Limits>(options.limits));
  parts_->in_flight.SetLimits(options.limits);
  parts_->executor.SetQueueTimeout(options.queue_timeout);
  parts_->lookup_log.set_sampling(options.lookup_log_sampling);
  return absl::OkStatus();
}

absl::Status Server::ReloadCredentials() {
  return parts_->credentials->Reload();
}

absl::Time Server::certificate_expires_at() const {
  const ServerTls* const tls = parts_->credentials->tls();
  return tls == nullptr ? absl::InfiniteFuture() : tls->expires_at();
}

bool Server::IsAlive() const {
  return !parts_->self_probe.has_value() || parts_->self_probe->healthy();
}

void Server::RequestStop() {
  MutexLock lock(parts_->mutex);
  parts_->stop_requested = true;
  parts_->stop_changed.NotifyAll();
}

void Server::WaitForStop() {
  MutexLock lock(parts_->mutex);
  while (!parts_->stop_requested) parts_->stop_changed.Wait(parts_->mutex);
}

absl::Status Server::Stop() {
  const ServerOptions& options = parts_->options;
  Log(LogLevel::kInfo, "draining",
      {{"delay_seconds", absl::ToDoubleSeconds(options.drain_delay)}});
  parts_->registry.set_phase(Phase::kDraining);
  parts_->UpdateHealth();
  // Callers see "not serving" and go elsewhere before the listener closes.
  absl::SleepFor(options.drain_delay);
  parts_->lookup_service.Drain();
  parts_->StopWatching();
  parts_->data_listener->Shutdown(options.drain_timeout);
  parts_->admin_listener->Shutdown(options.drain_timeout);
  parts_->stopped = true;
  parts_->folder.Stop();
  absl::Status status = parts_->store->Close();
  if (status.ok()) {
    Log(LogLevel::kInfo, "stopped");
  } else {
    LogFailure("stop_failed", status);
  }
  return status;
}

const std::string& Server::data_address() const {
  return parts_->data_listener->address();
}

const std::string& Server::admin_address() const {
  return parts_->admin_listener->address();
}

std::string Server::http_address() const {
  const auto& listener = parts_->http_listener;
  return listener == nullptr ? "" : listener->address();
}

std::string ServerVersion() { return EMB_VERSION; }

}  // namespace emb
