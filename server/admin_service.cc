#include "server/admin_service.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/status_macros.h"
#include "server/call_state.h"
#include "server/export_reactor.h"
#include "server/import_reactor.h"
#include "server/log.h"
#include "server/proto_convert.h"
#include "server/status_convert.h"

namespace emb {
namespace {

namespace pb = embedding::v1;

constexpr int kPageSizeMax = 1'000;

grpc::ServerUnaryReactor* Finish(grpc::CallbackServerContext* context,
                                 const absl::Status& status) {
  grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
  reactor->Finish(ToGrpcStatus(status));
  return reactor;
}

// Whether describing it takes a pass over its rows.
bool IsSlowToDescribe(const ServedTable& table) {
  return table.rows != nullptr &&
         table.record.revision != table.record.folded_revision &&
         !table.updated_digest->is_known();
}

bool IsSlowToDescribe(const std::vector<TablePtr>& tables) {
  return std::any_of(tables.begin(), tables.end(), [](const TablePtr& table) {
    return IsSlowToDescribe(*table);
  });
}

// As a version key; numbers beyond int64 name none.
VersionKey KeyOf(const pb::TableVersion& version) {
  constexpr auto kMax = std::numeric_limits<int64_t>::max();
  return {version.name(),
          static_cast<int64_t>(std::min<uint64_t>(version.version(), kMax))};
}

}  // namespace

AdminService::AdminService(Dependencies dependencies)
    : deps_(std::move(dependencies)) {}

grpc::ServerUnaryReactor* AdminService::CreateTable(
    grpc::CallbackServerContext* context, const pb::CreateTableRequest* request,
    pb::CreateTableResponse* response) {
  grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
  deps_.creators.Run([this, context, request, response, reactor] {
    const auto create = [&]() -> absl::Status {
      EMB_RETURN_IF_ERROR(CheckAlive(*context));
      EMB_RETURN_IF_ERROR(deps_.registry.CheckLoaded());
      EMB_ASSIGN_OR_RETURN(const TableSpec spec,
                           CreateSpecFromProto(request->spec()));
      EMB_ASSIGN_OR_RETURN(const auto table, deps_.manager.Create(spec, [&] {
        return context->IsCancelled();
      }));
      LogTable("table_created", *table);
      *response->mutable_table() =
          TableInfoToProto(*table, *deps_.registry.snapshot());
      return absl::OkStatus();
    };
    const absl::Status status = create();
    if (!status.ok()) LogFailure("create_failed", status);
    reactor->Finish(ToGrpcStatus(status));
  });
  return reactor;
}

grpc::ServerUnaryReactor* AdminService::GetTable(
    grpc::CallbackServerContext* context, const pb::GetTableRequest* request,
    pb::GetTableResponse* response) {
  const absl::Status loaded = deps_.registry.CheckLoaded();
  if (!loaded.ok()) return Finish(context, loaded);
  const auto snapshot = deps_.registry.snapshot();
  const TablePtr table = snapshot->CurrentOrNewest(request->name());
  // Find knows the error; a damaged table is described all the same.
  if (table == nullptr) {
    return Finish(context, snapshot->Find(request->name(), 0).status());
  }
  return Describe(context, {table}, [response, table, snapshot] {
    *response->mutable_table() = TableInfoToProto(*table, *snapshot);
  });
}

grpc::ServerUnaryReactor* AdminService::Describe(
    grpc::CallbackServerContext* context, const std::vector<TablePtr>& tables,
    std::function<void()> describe) {
  grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
  const auto answer = [reactor, describe = std::move(describe)] {
    describe();
    reactor->Finish(grpc::Status());
  };
  if (IsSlowToDescribe(tables)) {
    deps_.workers.Run(answer);
  } else {
    answer();
  }
  return reactor;
}

grpc::ServerUnaryReactor* AdminService::ListTables(
    const Caller& caller, grpc::CallbackServerContext* context,
    const pb::ListTablesRequest* request, pb::ListTablesResponse* response) {
  const absl::Status loaded = deps_.registry.CheckLoaded();
  if (!loaded.ok()) return Finish(context, loaded);
  if (request->page_size() < 0 || request->page_size() > kPageSizeMax) {
    return Finish(
        context,
        InvalidField("page_size", absl::StrCat(" = ", request->page_size(),
                                               ", want 0 to ", kPageSizeMax)));
  }
  const auto count = static_cast<size_t>(
      request->page_size() == 0 ? kPageSizeMax : request->page_size());
  const auto snapshot = deps_.registry.snapshot();
  std::vector<std::string> names = snapshot->Names();
  std::erase_if(names, [&caller](const std::string& name) {
    return !caller.MayUse(name);
  });
  // The token is the last name sent: it survives changes in between.
  auto next =
      std::upper_bound(names.begin(), names.end(), request->page_token());
  std::vector<TablePtr> tables;
  for (; next != names.end() && tables.size() < count; ++next) {
    tables.push_back(snapshot->CurrentOrNewest(*next));
  }
  if (next != names.end()) response->set_next_page_token(*std::prev(next));
  return Describe(context, tables, [response, tables, snapshot] {
    for (const TablePtr& table : tables) {
      *response->add_tables() = TableInfoToProto(*table, *snapshot);
    }
  });
}

grpc::ServerUnaryReactor* AdminService::DropTable(
    grpc::CallbackServerContext* context, const pb::DropTableRequest* request,
    pb::DropTableResponse* /*response*/) {
  return RunChange(context, "drop_failed", [this, request] {
    absl::Status status = deps_.manager.Drop(request->name());
    if (status.ok()) {
      Log(LogLevel::kInfo, "table_dropped", {{"table", request->name()}});
    }
    return status;
  });
}

grpc::ServerUnaryReactor* AdminService::RunChange(
    grpc::CallbackServerContext* context, const char* event,
    std::function<absl::Status()> change) {
  return RunIn(deps_.workers, context, event, std::move(change));
}

grpc::ServerUnaryReactor* AdminService::RunIn(
    WorkerPool& pool, grpc::CallbackServerContext* context, const char* event,
    std::function<absl::Status()> change) {
  grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
  pool.Run([this, context, event, reactor, change = std::move(change)] {
    absl::Status status = CheckAlive(*context);
    if (status.ok()) status = deps_.registry.CheckLoaded();
    if (status.ok()) status = change();
    if (!status.ok()) LogFailure(event, status);
    reactor->Finish(ToGrpcStatus(status));
  });
  return reactor;
}

grpc::ServerUnaryReactor* AdminService::ListVersions(
    grpc::CallbackServerContext* context,
    const pb::ListVersionsRequest* request,
    pb::ListVersionsResponse* response) {
  const absl::Status loaded = deps_.registry.CheckLoaded();
  if (!loaded.ok()) return Finish(context, loaded);
  const auto snapshot = deps_.registry.snapshot();
  const std::vector<TablePtr> versions = snapshot->VersionsOf(request->name());
  if (versions.empty()) {
    return Finish(context, snapshot->Find(request->name(), 0).status());
  }
  return Describe(context, versions, [response, versions, snapshot] {
    for (const TablePtr& version : versions) {
      *response->add_versions() = TableInfoToProto(*version, *snapshot);
    }
  });
}

grpc::ServerUnaryReactor* AdminService::PublishVersions(
    grpc::CallbackServerContext* context,
    const pb::PublishVersionsRequest* request,
    pb::PublishVersionsResponse* response) {
  return RunChange(
      context, "publish_failed", [this, request, response]() -> absl::Status {
        std::vector<VersionKey> keys;
        for (const pb::TableVersion& version : request->versions()) {
          keys.push_back(KeyOf(version));
        }
        const absl::Time start = deps_.now();
        EMB_ASSIGN_OR_RETURN(const auto tables, deps_.versions.Publish(keys));
        deps_.metrics.swap_seconds.Observe(deps_.now() - start);
        const auto snapshot = deps_.registry.snapshot();
        for (const TablePtr& table : tables) {
          LogTable("version_published", *table);
          *response->add_tables() = TableInfoToProto(*table, *snapshot);
        }
        return absl::OkStatus();
      });
}

grpc::ServerUnaryReactor* AdminService::RollbackTable(
    grpc::CallbackServerContext* context,
    const pb::RollbackTableRequest* request,
    pb::RollbackTableResponse* response) {
  return RunChange(
      context, "rollback_failed", [this, request, response]() -> absl::Status {
        const absl::Time start = deps_.now();
        EMB_ASSIGN_OR_RETURN(const TablePtr table,
                             deps_.versions.Rollback(request->name()));
        deps_.metrics.swap_seconds.Observe(deps_.now() - start);
        LogTable("version_published", *table);
        *response->mutable_table() =
            TableInfoToProto(*table, *deps_.registry.snapshot());
        return absl::OkStatus();
      });
}

grpc::ServerUnaryReactor* AdminService::PinVersion(
    grpc::CallbackServerContext* context, const pb::PinVersionRequest* request,
    pb::PinVersionResponse* response) {
  return RunChange(
      context, "pin_failed", [this, request, response]() -> absl::Status {
        EMB_ASSIGN_OR_RETURN(
            const TablePtr version,
            deps_.versions.Pin(KeyOf(request->version()), request->pinned()));
        LogTable(request->pinned() ? "version_pinned" : "version_unpinned",
                 *version);
        *response->mutable_version() =
            TableInfoToProto(*version, *deps_.registry.snapshot());
        return absl::OkStatus();
      });
}

grpc::ServerUnaryReactor* AdminService::UpsertRows(
    grpc::CallbackServerContext* context, const pb::UpsertRowsRequest* request,
    pb::UpsertRowsResponse* response) {
  grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
  const absl::Status loaded = deps_.registry.CheckLoaded();
  if (!loaded.ok()) {
    reactor->Finish(ToGrpcStatus(loaded));
    return reactor;
  }
  deps_.updater.Submit(
      UpsertFromProto(*request),
      [response, reactor](const absl::StatusOr<UpsertResult>& result) {
        if (result.ok()) {
          UpsertToProto(*result, *response);
        } else {
          LogFailure("upsert_failed", result.status());
        }
        reactor->Finish(ToGrpcStatus(result.status()));
      });
  return reactor;
}

grpc::ServerReadReactor<pb::ImportTableRequest>* AdminService::ImportTable(
    const Caller& caller, grpc::CallbackServerContext* context,
    pb::ImportTableResponse* response) {
  return new ImportReactor(
      *context, *response, caller,
      {deps_.manager, deps_.versions, deps_.registry, deps_.park, deps_.workers,
       deps_.background, deps_.import_idle_timeout});
}

grpc::ServerUnaryReactor* AdminService::GetImport(
    grpc::CallbackServerContext* context, const pb::GetImportRequest* request,
    pb::GetImportResponse* response) {
  const absl::Status loaded = deps_.registry.CheckLoaded();
  if (!loaded.ok()) return Finish(context, loaded);
  if (deps_.registry.phase() == Phase::kDraining) {
    return Finish(context, absl::UnavailableError("about to exit"));
  }
  auto* const reactor = context->DefaultReactor();
  const auto upload = deps_.park.Find(request->upload_id());
  if (upload.ok()) {
    response->set_offset(upload->offset);
    if (upload->done) *response->mutable_table() = *upload->done;
  }
  reactor->Finish(ToGrpcStatus(upload.status()));
  return reactor;
}

grpc::ServerUnaryReactor* AdminService::DropImport(
    grpc::CallbackServerContext* context, const pb::DropImportRequest* request,
    pb::DropImportResponse* /*response*/) {
  return RunChange(context, "import_drop_failed", [this, request] {
    return deps_.park.Drop(request->upload_id());
  });
}

grpc::ServerWriteReactor<pb::ExportTableResponse>* AdminService::ExportTable(
    grpc::CallbackServerContext* context,
    const pb::ExportTableRequest* request) {
  return new ExportReactor(*context, *request, deps_.versions, deps_.registry,
                           deps_.background, deps_.import_idle_timeout);
}

}  // namespace emb
