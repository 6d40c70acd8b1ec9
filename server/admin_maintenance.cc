// The calls of TableAdmin that keep tables safe and say how things are.
#include <string>

#include "core/status_macros.h"
#include "server/admin_service.h"
#include "server/log.h"
#include "server/status_convert.h"

namespace emb {
namespace {

namespace pb = embedding::v1;

void BackupToProto(const StoredBackup& backup, pb::BackupInfo& proto) {
  proto.set_id(backup.id);
  proto.set_created_at_seconds(absl::ToUnixSeconds(backup.created_at));
  proto.set_bytes(backup.bytes);
  proto.set_epoch(backup.epoch);
  proto.set_num_tables(backup.num_tables);
  proto.set_damaged(backup.damaged);
}

pb::GetStatusResponse::State StateOf(Phase phase) {
  switch (phase) {
    case Phase::kLoading:
      return pb::GetStatusResponse::STATE_LOADING;
    case Phase::kServing:
      return pb::GetStatusResponse::STATE_SERVING;
    case Phase::kDraining:
      return pb::GetStatusResponse::STATE_DRAINING;
  }
  return pb::GetStatusResponse::STATE_UNSPECIFIED;
}

// Gives up when the caller is gone.
WorkWatch WatchOf(const grpc::CallbackServerContext& context,
                  int64_t bytes_per_second) {
  WorkWatch watch;
  watch.cancelled = [&context] { return context.IsCancelled(); };
  watch.bytes_per_second = bytes_per_second;
  return watch;
}

absl::Status CheckRate(int64_t bytes_per_second) {
  if (bytes_per_second >= 0) return absl::OkStatus();
  return InvalidField("bytes_per_second", " is negative, want 0 or more");
}

}  // namespace

grpc::ServerUnaryReactor* AdminService::Backup(
    grpc::CallbackServerContext* context, const pb::BackupRequest* request,
    pb::BackupResponse* response) {
  return RunIn(deps_.caretakers, context, "backup_failed",
               [this, context, request, response]() -> absl::Status {
                 EMB_RETURN_IF_ERROR(CheckRate(request->bytes_per_second()));
                 const auto backup = deps_.maintenance.Backup(
                     request->name(), request->keep(),
                     WatchOf(*context, request->bytes_per_second()));
                 deps_.metrics.CountBackup(backup.status());
                 EMB_ASSIGN_OR_RETURN(const StoredBackup made, backup);
                 Log(LogLevel::kInfo, "backup_made",
                     {{"name", request->name()},
                      {"id", made.id},
                      {"bytes", made.bytes},
                      {"tables", made.num_tables}});
                 BackupToProto(made, *response->mutable_backup());
                 return absl::OkStatus();
               });
}

grpc::ServerUnaryReactor* AdminService::ListBackups(
    grpc::CallbackServerContext* context, const pb::ListBackupsRequest* request,
    pb::ListBackupsResponse* response) {
  return RunIn(deps_.workers, context, "list_backups_failed",
               [this, request, response]() -> absl::Status {
                 EMB_ASSIGN_OR_RETURN(const auto backups,
                                      deps_.maintenance.List(request->name()));
                 for (const StoredBackup& backup : backups) {
                   BackupToProto(backup, *response->add_backups());
                 }
                 return absl::OkStatus();
               });
}

grpc::ServerUnaryReactor* AdminService::Restore(
    grpc::CallbackServerContext* context, const pb::RestoreRequest* request,
    pb::RestoreResponse* response) {
  return RunIn(
      deps_.caretakers, context, "restore_failed",
      [this, request, response]() -> absl::Status {
        EMB_RETURN_IF_ERROR(
            deps_.maintenance.Restore(request->name(), request->id()));
        const auto snapshot = deps_.registry.snapshot();
        response->set_epoch(snapshot->epoch);
        response->set_num_tables(
            static_cast<int64_t>(snapshot->Names().size()));
        Log(LogLevel::kInfo, "restored",
            {{"name", request->name()}, {"tables", response->num_tables()}});
        return absl::OkStatus();
      });
}

grpc::ServerUnaryReactor* AdminService::Verify(
    grpc::CallbackServerContext* context, const pb::VerifyRequest* request,
    pb::VerifyResponse* response) {
  return RunIn(
      deps_.caretakers, context, "verify_failed",
      [this, context, request, response]() -> absl::Status {
        EMB_RETURN_IF_ERROR(CheckRate(request->bytes_per_second()));
        EMB_ASSIGN_OR_RETURN(const Verification found,
                             deps_.maintenance.Verify(WatchOf(
                                 *context, request->bytes_per_second())));
        response->set_files_error(std::string(found.files.message()));
        for (const VerifiedVersion& version : found.versions) {
          pb::VerifiedVersion& proto = *response->add_versions();
          proto.set_name(version.record.spec.name);
          proto.set_version(static_cast<uint64_t>(version.record.version));
          proto.set_data_bytes(version.record.spec.data_bytes());
          proto.set_error(std::string(version.status.message()));
        }
        return absl::OkStatus();
      });
}

grpc::ServerUnaryReactor* AdminService::GetStatus(
    grpc::CallbackServerContext* context,
    const pb::GetStatusRequest* /*request*/, pb::GetStatusResponse* response) {
  const auto snapshot = deps_.registry.snapshot();
  int64_t num_rows = 0;
  for (const auto& [name, table] : snapshot->tables) {
    num_rows += table->record.spec.num_rows;
  }
  response->set_state(StateOf(deps_.registry.phase()));
  response->set_server_version(deps_.server_version);
  response->set_uptime_seconds(
      absl::ToInt64Seconds(deps_.now() - deps_.started_at));
  response->set_epoch(snapshot->epoch);
  response->set_num_tables(static_cast<int64_t>(snapshot->Names().size()));
  response->set_num_rows(num_rows);
  response->set_memory_used_bytes(deps_.budget.used_bytes());
  response->set_memory_limit_bytes(deps_.budget.limit_bytes());
  response->set_write_error(std::string(deps_.watch.writable().message()));
  if (const auto disk = deps_.maintenance.GetDiskUse(); disk.ok()) {
    response->set_disk_used_bytes(disk->used_bytes);
    response->set_disk_free_bytes(disk->free_bytes);
  }
  response->set_last_backup_at_seconds(
      absl::ToUnixSeconds(deps_.maintenance.last_backup_at()));
  grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
  reactor->Finish(grpc::Status());
  return reactor;
}

}  // namespace emb
