// What a server is made of, in the order in which it is made.
#ifndef EMB_SERVER_SERVER_PARTS_H_
#define EMB_SERVER_SERVER_PARTS_H_

#include <atomic>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "core/mutex.h"
#include "server/admin_guard.h"
#include "server/admin_service.h"
#include "server/admission/in_flight.h"
#include "server/admission/lookup_executor.h"
#include "server/committer.h"
#include "server/credentials.h"
#include "server/fold_targets.h"
#include "server/folder.h"
#include "server/http_listener.h"
#include "server/import_park.h"
#include "server/listener.h"
#include "server/lookup_record.h"
#include "server/lookup_service.h"
#include "server/maintenance.h"
#include "server/memory_budget.h"
#include "server/metrics/call_metrics.h"
#include "server/metrics/lookup_metrics.h"
#include "server/metrics/store_metrics.h"
#include "server/name_claims.h"
#include "server/published.h"
#include "server/reclaimer.h"
#include "server/registry.h"
#include "server/row_updater.h"
#include "server/self_probe.h"
#include "server/server.h"
#include "server/store_watch.h"
#include "server/table_manager.h"
#include "server/version_manager.h"
#include "server/worker_pool.h"
#include "storage/table_store.h"

namespace emb {

// The methods of both services, none called yet.
struct ServerCalls {
  ServerCalls();

  CallMetrics metrics;
  MethodMetrics* lookup = nullptr;
  MethodMetrics* lookup_stream = nullptr;
};

// In the order of construction; destroyed from the last to the first, so that
// nothing outlives what it refers to.
//
// Threads  Members say for themselves. LoadAndPublish, UpdateHealth and
//          Metrics: any thread.
struct Server::Parts {
  Parts(const ServerOptions& options, std::unique_ptr<Credentials> credentials,
        std::unique_ptr<TableStore> store);

  absl::Status Listen();
  // What looks at the others now and then.
  void StopWatching();
  // Reads all tables from the store and publishes them.
  absl::Status LoadAndPublish();
  void NoteWritable(const absl::Status& writable);
  // The data plane's health tells of reading, the control plane's of writing.
  void UpdateHealth();
  void NoteFold(const std::string& table, const absl::Status& status,
                absl::Duration duration);
  // What /metrics, /livez and /readyz answer.
  HttpListener::Pages Pages();
  absl::Status ProbeDataPort() const;

  const ServerOptions options;
  const std::unique_ptr<Credentials> credentials;
  const std::unique_ptr<TableStore> store;
  ServerCalls calls;
  LookupMetrics lookup_metrics;
  StoreMetrics store_metrics;
  Counter self_probe_failures;
  std::atomic<int64_t> load_ns{0};

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

  Published<Limits> limits;
  InFlight in_flight;
  LookupLog lookup_log;
  LookupService lookup_service;
  AdminService admin_service;
  AdminGuard admin_guard;
  std::unique_ptr<Listener> data_listener;
  std::unique_ptr<Listener> admin_listener;
  std::unique_ptr<HttpListener> http_listener;
  // After the listeners: what it still answers needs theirs.
  LookupExecutor executor;
  std::optional<SelfProbe> self_probe;
  bool stopped = false;

  Mutex health_mutex;  // One update at a time.
  Mutex mutex;
  CondVar stop_changed;
  bool stop_requested ABSL_GUARDED_BY(mutex) = false;
};

}  // namespace emb

#endif  // EMB_SERVER_SERVER_PARTS_H_
