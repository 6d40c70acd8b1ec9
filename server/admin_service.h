// The control plane: adapts TableAdmin to the table manager. What gRPC calls is
// AdminGuard, which asks who may.
#ifndef EMB_SERVER_ADMIN_SERVICE_H_
#define EMB_SERVER_ADMIN_SERVICE_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "embedding/v1/admin.grpc.pb.h"
#include "server/authorizer.h"
#include "server/import_park.h"
#include "server/maintenance.h"
#include "server/memory_budget.h"
#include "server/metrics/store_metrics.h"
#include "server/registry.h"
#include "server/row_updater.h"
#include "server/store_watch.h"
#include "server/table_manager.h"
#include "server/version_manager.h"
#include "server/worker_pool.h"

namespace emb {

// Threads  Thread-safe. Calls that change tables run on the worker pool.
class AdminService {
 public:
  struct Dependencies {
    TableManager& manager;
    VersionManager& versions;
    RowUpdater& updater;
    Maintenance& maintenance;
    const StoreWatch& watch;
    ImportPark& park;
    const Registry& registry;
    const MemoryBudget& budget;
    StoreMetrics& metrics;
    WorkerPool& workers;     // Imports and drops.
    WorkerPool& creators;    // Creates.
    WorkerPool& background;  // The rows of imports, at idle priority.
    WorkerPool& caretakers;  // Backups and the like.
    std::string server_version;
    absl::Time started_at;
    std::function<absl::Time()> now;
    absl::Duration import_idle_timeout;
  };

  // Everything referred to outlives the service.
  explicit AdminService(Dependencies dependencies);

  grpc::ServerUnaryReactor* CreateTable(
      grpc::CallbackServerContext* context,
      const embedding::v1::CreateTableRequest* request,
      embedding::v1::CreateTableResponse* response);
  grpc::ServerUnaryReactor* GetTable(
      grpc::CallbackServerContext* context,
      const embedding::v1::GetTableRequest* request,
      embedding::v1::GetTableResponse* response);
  // Those that the caller may use.
  grpc::ServerUnaryReactor* ListTables(
      const Caller& caller, grpc::CallbackServerContext* context,
      const embedding::v1::ListTablesRequest* request,
      embedding::v1::ListTablesResponse* response);
  grpc::ServerUnaryReactor* DropTable(
      grpc::CallbackServerContext* context,
      const embedding::v1::DropTableRequest* request,
      embedding::v1::DropTableResponse* response);
  grpc::ServerWriteReactor<embedding::v1::ExportTableResponse>* ExportTable(
      grpc::CallbackServerContext* context,
      const embedding::v1::ExportTableRequest* request);
  // Of a table that the caller may use.
  grpc::ServerReadReactor<embedding::v1::ImportTableRequest>* ImportTable(
      const Caller& caller, grpc::CallbackServerContext* context,
      embedding::v1::ImportTableResponse* response);
  grpc::ServerUnaryReactor* GetImport(
      grpc::CallbackServerContext* context,
      const embedding::v1::GetImportRequest* request,
      embedding::v1::GetImportResponse* response);
  grpc::ServerUnaryReactor* DropImport(
      grpc::CallbackServerContext* context,
      const embedding::v1::DropImportRequest* request,
      embedding::v1::DropImportResponse* response);
  grpc::ServerUnaryReactor* ListVersions(
      grpc::CallbackServerContext* context,
      const embedding::v1::ListVersionsRequest* request,
      embedding::v1::ListVersionsResponse* response);
  grpc::ServerUnaryReactor* PublishVersions(
      grpc::CallbackServerContext* context,
      const embedding::v1::PublishVersionsRequest* request,
      embedding::v1::PublishVersionsResponse* response);
  grpc::ServerUnaryReactor* RollbackTable(
      grpc::CallbackServerContext* context,
      const embedding::v1::RollbackTableRequest* request,
      embedding::v1::RollbackTableResponse* response);
  grpc::ServerUnaryReactor* PinVersion(
      grpc::CallbackServerContext* context,
      const embedding::v1::PinVersionRequest* request,
      embedding::v1::PinVersionResponse* response);
  grpc::ServerUnaryReactor* UpsertRows(
      grpc::CallbackServerContext* context,
      const embedding::v1::UpsertRowsRequest* request,
      embedding::v1::UpsertRowsResponse* response);
  grpc::ServerUnaryReactor* Backup(grpc::CallbackServerContext* context,
                                   const embedding::v1::BackupRequest* request,
                                   embedding::v1::BackupResponse* response);
  grpc::ServerUnaryReactor* ListBackups(
      grpc::CallbackServerContext* context,
      const embedding::v1::ListBackupsRequest* request,
      embedding::v1::ListBackupsResponse* response);
  grpc::ServerUnaryReactor* Restore(
      grpc::CallbackServerContext* context,
      const embedding::v1::RestoreRequest* request,
      embedding::v1::RestoreResponse* response);
  grpc::ServerUnaryReactor* Verify(grpc::CallbackServerContext* context,
                                   const embedding::v1::VerifyRequest* request,
                                   embedding::v1::VerifyResponse* response);
  grpc::ServerUnaryReactor* GetStatus(
      grpc::CallbackServerContext* context,
      const embedding::v1::GetStatusRequest* request,
      embedding::v1::GetStatusResponse* response);

 private:
  // Ends the call with what `describe` writes of these tables, in the workers'
  // pool if that takes a pass over rows.
  grpc::ServerUnaryReactor* Describe(grpc::CallbackServerContext* context,
                                     const std::vector<TablePtr>& tables,
                                     std::function<void()> describe);
  // Runs `change` in a pool and ends the call with what it says, logging an
  // error as `event`.
  grpc::ServerUnaryReactor* RunIn(WorkerPool& pool,
                                  grpc::CallbackServerContext* context,
                                  const char* event,
                                  std::function<absl::Status()> change);
  grpc::ServerUnaryReactor* RunChange(grpc::CallbackServerContext* context,
                                      const char* event,
                                      std::function<absl::Status()> change);

  const Dependencies deps_;
};

}  // namespace emb

#endif  // EMB_SERVER_ADMIN_SERVICE_H_
