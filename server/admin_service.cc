#include "server/admin_service.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/status_macros.h"
#include "server/call_state.h"
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

// Tables after `after`, by name, at most `count`, and whether there are more.
std::pair<std::vector<const ServedTable*>, bool> PageOf(
    const Snapshot& snapshot, const std::string& after, size_t count) {
  std::vector<const ServedTable*> tables;
  for (const auto& [name, table] : snapshot.tables) {
    if (name > after) tables.push_back(table.get());
  }
  const size_t size = std::min(count, tables.size());
  std::partial_sort(tables.begin(), tables.begin() + size, tables.end(),
                    [](const ServedTable* a, const ServedTable* b) {
                      return a->record.spec.name < b->record.spec.name;
                    });
  const bool more = tables.size() > size;
  tables.resize(size);
  return {std::move(tables), more};
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
      *response->mutable_table() = TableInfoToProto(*table);
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
  const auto get = [&]() -> absl::Status {
    EMB_RETURN_IF_ERROR(deps_.registry.CheckLoaded());
    const auto snapshot = deps_.registry.snapshot();
    const auto found = snapshot->tables.find(request->name());
    // Find knows the error; a damaged table is described all the same.
    if (found == snapshot->tables.end()) {
      return snapshot->Find(request->name(), 0).status();
    }
    *response->mutable_table() = TableInfoToProto(*found->second);
    return absl::OkStatus();
  };
  return Finish(context, get());
}

grpc::ServerUnaryReactor* AdminService::ListTables(
    grpc::CallbackServerContext* context, const pb::ListTablesRequest* request,
    pb::ListTablesResponse* response) {
  const auto list = [&]() -> absl::Status {
    EMB_RETURN_IF_ERROR(deps_.registry.CheckLoaded());
    if (request->page_size() < 0 || request->page_size() > kPageSizeMax) {
      return InvalidField(
          "page_size", absl::StrCat(" = ", request->page_size(), ", want 0 to ",
                                    kPageSizeMax));
    }
    const int count =
        request->page_size() == 0 ? kPageSizeMax : request->page_size();
    const auto snapshot = deps_.registry.snapshot();
    const auto [tables, more] =
        PageOf(*snapshot, request->page_token(), static_cast<size_t>(count));
    for (const ServedTable* const table : tables) {
      *response->add_tables() = TableInfoToProto(*table);
    }
    // The token is the last name sent: it survives changes in between.
    if (more) response->set_next_page_token(tables.back()->record.spec.name);
    return absl::OkStatus();
  };
  return Finish(context, list());
}

grpc::ServerUnaryReactor* AdminService::DropTable(
    grpc::CallbackServerContext* context, const pb::DropTableRequest* request,
    pb::DropTableResponse* /*response*/) {
  grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
  deps_.workers.Run([this, context, request, reactor] {
    absl::Status status = CheckAlive(*context);
    if (status.ok()) status = deps_.registry.CheckLoaded();
    if (status.ok()) status = deps_.manager.Drop(request->name());
    if (status.ok()) {
      Log(LogLevel::kInfo, "table_dropped", {{"table", request->name()}});
    } else {
      LogFailure("drop_failed", status);
    }
    reactor->Finish(ToGrpcStatus(status));
  });
  return reactor;
}

grpc::ServerReadReactor<pb::ImportTableRequest>* AdminService::ImportTable(
    grpc::CallbackServerContext* context, pb::ImportTableResponse* response) {
  return new ImportReactor(*context, *response, deps_.manager, deps_.registry,
                           deps_.workers, deps_.background);
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
  response->set_num_tables(static_cast<int64_t>(snapshot->tables.size()));
  response->set_num_rows(num_rows);
  response->set_memory_used_bytes(deps_.budget.used_bytes());
  response->set_memory_limit_bytes(deps_.budget.limit_bytes());
  return Finish(context, absl::OkStatus());
}

}  // namespace emb
