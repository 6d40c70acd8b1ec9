#include "server/server.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "core/mutex.h"
#include "core/status_macros.h"
#include "grpc/grpc.h"
#include "grpcpp/ext/proto_server_reflection_plugin.h"
#include "grpcpp/health_check_service_interface.h"
#include "server/admin_service.h"
#include "server/folder.h"
#include "server/listener.h"
#include "server/log.h"
#include "server/lookup_service.h"
#include "server/machine_memory.h"
#include "server/maintenance.h"
#include "server/memory_budget.h"
#include "server/reclaimer.h"
#include "server/registry.h"
#include "server/row_updater.h"
#include "server/store_watch.h"
#include "server/table_loader.h"
#include "server/table_manager.h"
#include "server/worker_pool.h"
#include "storage/rocks_table_store.h"

namespace emb {
namespace {

// Steps of imports and drops at a time; each is bound by the disk.
constexpr int kWorkers = 4;
// Tables created at a time; each takes seconds and many threads. Imports do not
// wait for them.
constexpr int kCreators = 2;
constexpr absl::Duration kLookupConnectionAge = absl::Minutes(30);

int64_t MemoryLimitOf(const ServerOptions& options) {
  if (options.memory_limit_bytes > 0) return options.memory_limit_bytes;
  return MachineMemoryBytes() / 5 * 4;
}

// Process-wide settings of gRPC that every later builder follows.
void SetUpGrpc() {
  CaptureGrpcLog();
  grpc::EnableDefaultHealthCheckService(true);
  // Never given back: the last user of gRPC would wait up to 10 s for a thread
  // that polls on behalf of half-written sockets, at the very end of a drain.
  static const bool initialised = (grpc_init(), true);
  static_cast<void>(initialised);
  // The library adds itself to every builder as soon as it is linked, and
  // cannot be taken out again: hence no flag.
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
}

void LogFold(const std::string& table, const absl::Status& status) {
  if (status.ok()) {
    Log(LogLevel::kInfo, "table_folded", {{"table", table}});
  } else if (!absl::IsCancelled(status)) {
    LogFailure("fold_failed", status);
  }
}

absl::StatusOr<std::unique_ptr<TableStore>> OpenStoreOf(
    const ServerOptions& options) {
  auto store = OpenRocksTableStore({.data_dir = options.data_dir});
  if (!absl::IsDataLoss(store.status())) return store;
  return absl::DataLossError(absl::StrCat(
      store.status().message(),
      "; restore a backup, or copy what can be read with --salvage"));
}

// They leave one CPU alone; and more would only wait for the one that draws.
int FillThreads() {
  const auto cpus = static_cast<int>(std::thread::hardware_concurrency());
  return std::clamp(cpus - 1, 1, 8);
}

}  // namespace

// In the order of construction; destroyed from the last to the first, so that
// nothing outlives what it refers to.
struct Server::Parts {
  Parts(const ServerOptions& o, std::unique_ptr<TableStore> s)
      : options(o),
        store(std::move(s)),
        budget(MemoryLimitOf(o)),
        committer(*store, registry),
        manager({*store, registry, committer, claims, budget, reclaimer,
                 o.limits, o.retention, o.swap_policy, absl::Now,
                 FillThreads()}),
        versions({*store, registry, committer, claims, budget, reclaimer,
                  o.retention, o.swap_policy, absl::Now}),
        folder({*store, registry, committer, fold_targets, o.fold_interval,
                o.fold_bytes_per_second, absl::Now, LogFold}),
        updater({*store, committer, reclaimer, budget, fold_targets,
                 o.durability, absl::Now, [this] { folder.Notice(); },
                 [](const absl::Status& status) {
                   LogFailure("sync_failed", status);
                 }}),
        maintenance({*store, registry, o.backup_dir,
                     [this] { return LoadAndPublish(); }}),
        watch({.store = store->maintenance(),
               .on_change =
                   [this](const absl::Status& writable) {
                     NoteWritable(writable);
                   }}),
        workers(kWorkers),
        creators(kCreators),
        background(kWorkers, WorkerPool::Priority::kIdle),
        caretakers(1),
        park(workers, o.import_idle_timeout),
        lookup_service(registry, o.limits),
        admin_service({manager, versions, updater, maintenance, watch, park,
                       registry, budget, workers, creators, background,
                       caretakers, ServerVersion(), absl::Now(), absl::Now,
                       o.import_idle_timeout}) {}

  // Reads all tables from the store and publishes them.
  absl::Status LoadAndPublish();
  void NoteWritable(const absl::Status& writable);
  // The data plane's health tells of reading, the control plane's of writing.
  void UpdateHealth();

  const ServerOptions options;
  const std::unique_ptr<TableStore> store;
  MemoryBudget budget;
  Registry registry;
  Reclaimer reclaimer;
  Committer committer;
  NameClaims claims;
  TableManager manager;
  VersionManager versions;
  FoldTargets fold_targets;
  Folder folder;
  RowUpdater updater;
  Maintenance maintenance;
  StoreWatch watch;
  WorkerPool workers;
  WorkerPool creators;
  WorkerPool background;
  WorkerPool caretakers;
  ImportPark park;
  LookupService lookup_service;
  AdminService admin_service;
  std::unique_ptr<Listener> data_listener;
  std::unique_ptr<Listener> admin_listener;
  bool stopped = false;

  Mutex health_mutex;  // One update at a time.
  Mutex mutex;
  CondVar stop_changed;
  bool stop_requested ABSL_GUARDED_BY(mutex) = false;
};

Server::Server(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

absl::StatusOr<std::unique_ptr<Server>> Server::Start(
    const ServerOptions& options) {
  if (options.data_dir.empty()) {
    return absl::InvalidArgumentError("--data_dir: empty, want a directory");
  }
  const ListenerOptions data = {"--listen", options.listen, options.insecure,
                                options.limits.request_bytes_max,
                                kLookupConnectionAge};
  const ListenerOptions admin = {"--admin_listen", options.admin_listen,
                                 options.insecure,
                                 std::max(options.limits.request_bytes_max,
                                          options.limits.update_bytes_max)};
  // Before anything is made on disk.
  EMB_RETURN_IF_ERROR(CheckListenerOptions(data));
  EMB_RETURN_IF_ERROR(CheckListenerOptions(admin));
  SetUpGrpc();
  EMB_ASSIGN_OR_RETURN(std::unique_ptr<TableStore> store, OpenStoreOf(options));
  auto parts = std::make_unique<Parts>(options, std::move(store));
  EMB_ASSIGN_OR_RETURN(parts->data_listener,
                       Listener::Start(data, parts->lookup_service,
                                       "embedding.v1.EmbeddingService"));
  EMB_ASSIGN_OR_RETURN(
      parts->admin_listener,
      Listener::Start(admin, parts->admin_service, "embedding.v1.TableAdmin"));
  Log(LogLevel::kInfo, "listening",
      {{"data", parts->data_listener->address()},
       {"admin", parts->admin_listener->address()},
       {"data_dir", options.data_dir},
       {"memory_limit_bytes", parts->budget.limit_bytes()},
       {"version", ServerVersion()}});
  return absl::WrapUnique(new Server(std::move(parts)));
}

Server::~Server() {
  if (parts_->stopped) return;
  parts_->watch.Stop();
  if (parts_->data_listener) parts_->data_listener->Shutdown({});
  if (parts_->admin_listener) parts_->admin_listener->Shutdown({});
}

absl::Status Server::Parts::LoadAndPublish() {
  const absl::Time start = absl::Now();
  LoadOptions load;
  load.num_threads = options.load_threads;
  load.cancelled = [this] {
    MutexLock lock(mutex);
    return stop_requested;
  };
  load.on_table = [](const ServedTable& table) {
    if (table.state.ok()) {
      LogTable("table_loaded", table);
    } else {
      LogFailure("table_damaged", table.state);
    }
  };
  EMB_ASSIGN_OR_RETURN(const auto snapshot,
                       LoadTables(*store, budget, reclaimer, load));
  EMB_RETURN_IF_ERROR(updater.Restore());
  registry.Replace(snapshot);
  folder.Notice();
  Log(LogLevel::kInfo, "loaded",
      {{"tables", static_cast<int64_t>(snapshot->tables.size())},
       {"bytes", budget.used_bytes()},
       {"load_seconds", absl::ToDoubleSeconds(absl::Now() - start)}});
  return absl::OkStatus();
}

void Server::Parts::NoteWritable(const absl::Status& writable) {
  if (writable.ok()) {
    Log(LogLevel::kInfo, "writable_again");
  } else {
    LogFailure("read_only", writable);
  }
  UpdateHealth();
}

void Server::Parts::UpdateHealth() {
  const MutexLock lock(health_mutex);
  // Listeners begin as "not serving", and may not be there yet.
  if (registry.phase() == Phase::kLoading) return;
  const bool serving = registry.phase() == Phase::kServing;
  data_listener->SetServing(serving);
  admin_listener->SetServing(serving && watch.writable().ok());
}

absl::Status Server::Load() {
  EMB_RETURN_IF_ERROR(parts_->LoadAndPublish());
  parts_->registry.set_phase(Phase::kServing);
  parts_->UpdateHealth();
  Log(LogLevel::kInfo, "serving");
  return absl::OkStatus();
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
  parts_->watch.Stop();
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

std::string ServerVersion() { return EMB_VERSION; }

}  // namespace emb
