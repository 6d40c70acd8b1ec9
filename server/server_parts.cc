#include "server/server_parts.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "absl/time/clock.h"
#include "core/status_macros.h"
#include "embedding/v1/admin.pb.h"
#include "embedding/v1/lookup.pb.h"
#include "server/log.h"
#include "server/machine_memory.h"
#include "server/metrics_page.h"
#include "server/table_loader.h"

namespace emb {
namespace {

// Steps of imports and drops at a time; each is bound by the disk.
constexpr int kWorkers = 4;
// Tables created at a time; each takes seconds and many threads. Imports do not
// wait for them.
constexpr int kCreators = 2;
// A server that is merely busy answers in this time.
constexpr absl::Duration kProbeTimeout = absl::Seconds(5);

int64_t MemoryLimitOf(const ServerOptions& options) {
  if (options.memory_limit_bytes > 0) return options.memory_limit_bytes;
  return MachineMemoryBytes() / 5 * 4;
}

int NumCpus() {
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

// They leave one CPU alone; and more would only wait for the one that draws.
int FillThreads() { return std::clamp(NumCpus() - 1, 1, 8); }

// gRPC's callback API has half as many threads as there are CPUs, two at least.
// One of them stays with the sockets.
LookupExecutor::Options ExecutorOptions(const ServerOptions& options) {
  return {.inline_max = std::clamp(NumCpus() / 2, 2, 16) - 1,
          .threads = NumCpus(),
          .queue_timeout = options.queue_timeout};
}

const char* TypeOf(const google::protobuf::MethodDescriptor& method) {
  if (method.client_streaming()) {
    return method.server_streaming() ? "bidi_stream" : "client_stream";
  }
  return method.server_streaming() ? "server_stream" : "unary";
}

}  // namespace

ServerCalls::ServerCalls() {
  namespace pb = embedding::v1;
  const google::protobuf::FileDescriptor* const files[] = {
      pb::LookupRequest::descriptor()->file(),
      pb::CreateTableRequest::descriptor()->file()};
  for (const auto* file : files) {
    for (int i = 0; i < file->service_count(); ++i) {
      const google::protobuf::ServiceDescriptor& service = *file->service(i);
      for (int j = 0; j < service.method_count(); ++j) {
        const auto& method = *service.method(j);
        metrics.Add(service.full_name(), method.name(), TypeOf(method));
      }
    }
  }
  lookup = metrics.Find("/embedding.v1.EmbeddingService/Lookup");
  lookup_stream = metrics.Find("/embedding.v1.EmbeddingService/LookupStream");
}

Server::Parts::Parts(const ServerOptions& o, std::unique_ptr<Credentials> c,
                     std::unique_ptr<TableStore> s)
    : options(o),
      credentials(std::move(c)),
      store(std::move(s)),
      budget(MemoryLimitOf(o)),
      committer(*store, registry, &store_metrics.sync_seconds),
      manager({*store, registry, committer, claims, budget, reclaimer, o.limits,
               o.retention, o.swap_policy, absl::Now, FillThreads()}),
      versions({*store, registry, committer, claims, budget, reclaimer,
                o.retention, o.swap_policy, absl::Now}),
      folder({*store, registry, committer, fold_targets, o.fold_interval,
              o.fold_bytes_per_second, absl::Now,
              [this](const std::string& table, const absl::Status& status,
                     absl::Duration duration) {
                NoteFold(table, status, duration);
              }}),
      updater({*store, committer, reclaimer, budget, fold_targets, o.durability,
               absl::Now, [this] { folder.Notice(); },
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
      park(workers, budget, o.import_idle_timeout),
      limits(std::make_shared<Limits>(o.limits)),
      in_flight(o.limits),
      lookup_log(o.lookup_log_sampling),
      lookup_service({registry, limits, in_flight, executor, lookup_metrics,
                      *calls.lookup, *calls.lookup_stream, lookup_log,
                      credentials->authorizer()}),
      admin_service({manager, versions, updater, maintenance, watch, park,
                     registry, budget, store_metrics, workers, creators,
                     background, caretakers, ServerVersion(), absl::Now(),
                     absl::Now, o.import_idle_timeout}),
      admin_guard(admin_service, credentials->authorizer()),
      executor(ExecutorOptions(o), lookup_metrics) {}

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
  registry.Replace(*snapshot);
  folder.Notice();
  const absl::Duration took = absl::Now() - start;
  load_ns = absl::ToInt64Nanoseconds(took);
  Log(LogLevel::kInfo, "loaded",
      {{"tables", static_cast<int64_t>(snapshot->tables.size())},
       {"bytes", budget.used_bytes()},
       {"load_seconds", absl::ToDoubleSeconds(took)}});
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

void Server::Parts::NoteFold(const std::string& table,
                             const absl::Status& status,
                             absl::Duration duration) {
  store_metrics.CountFold(status, duration);
  if (status.ok()) {
    Log(LogLevel::kInfo, "table_folded",
        {{"table", table}, {"fold_seconds", absl::ToDoubleSeconds(duration)}});
  } else if (!absl::IsCancelled(status)) {
    LogFailure("fold_failed", status);
  }
}

absl::Status Server::Parts::ProbeDataPort() const {
  return ProbeListener(data_listener->address(), credentials->tls() != nullptr,
                       kProbeTimeout);
}

void Server::Parts::StopWatching() {
  watch.Stop();
  if (self_probe.has_value()) self_probe->Stop();
  if (http_listener != nullptr) http_listener->Stop();
}

HttpListener::Pages Server::Parts::Pages() {
  HttpListener::Pages pages;
  pages.metrics = [this] {
    return MetricsPage({calls.metrics, lookup_metrics, in_flight, executor,
                        registry, store_metrics, maintenance, watch, budget,
                        self_probe_failures, credentials->tls(),
                        absl::Nanoseconds(load_ns.load())});
  };
  pages.live = [this] { return ProbeDataPort(); };
  pages.ready = [this]() -> absl::Status {
    if (registry.phase() == Phase::kServing) return absl::OkStatus();
    return absl::UnavailableError(
        registry.phase() == Phase::kLoading ? "loading" : "draining");
  };
  return pages;
}

}  // namespace emb
