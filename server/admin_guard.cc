#include "server/admin_guard.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "core/status_macros.h"
#include "server/call_roles.h"
#include "server/refused_call.h"
#include "server/status_convert.h"

namespace emb {
namespace {

namespace pb = embedding::v1;
using Context = grpc::CallbackServerContext;
using Unary = grpc::ServerUnaryReactor;

// CheckTables: whether the caller may use all tables that a request is about.
// A request without such a function does not compile.

absl::Status CheckTables(const Caller& caller,
                         const pb::CreateTableRequest& request) {
  return caller.CheckMayUse(request.spec().name());
}

absl::Status CheckTables(const Caller& caller,
                         const pb::PinVersionRequest& request) {
  return caller.CheckMayUse(request.version().name());
}

absl::Status CheckTables(const Caller& caller,
                         const pb::PublishVersionsRequest& request) {
  for (const pb::TableVersion& version : request.versions()) {
    EMB_RETURN_IF_ERROR(caller.CheckMayUse(version.name()));
  }
  return absl::OkStatus();
}

absl::Status CheckTables(const Caller& caller,
                         const pb::UpsertRowsRequest& request) {
  for (const pb::RowUpdate& update : request.updates()) {
    EMB_RETURN_IF_ERROR(caller.CheckMayUse(update.table()));
  }
  return absl::OkStatus();
}

// Those that have one table's name.
template <typename Request>
absl::Status CheckNamed(const Caller& caller, const Request& request) {
  return caller.CheckMayUse(request.name());
}
absl::Status CheckTables(const Caller& caller,
                         const pb::GetTableRequest& request) {
  return CheckNamed(caller, request);
}
absl::Status CheckTables(const Caller& caller,
                         const pb::DropTableRequest& request) {
  return CheckNamed(caller, request);
}
absl::Status CheckTables(const Caller& caller,
                         const pb::ExportTableRequest& request) {
  return CheckNamed(caller, request);
}
absl::Status CheckTables(const Caller& caller,
                         const pb::ListVersionsRequest& request) {
  return CheckNamed(caller, request);
}
absl::Status CheckTables(const Caller& caller,
                         const pb::RollbackTableRequest& request) {
  return CheckNamed(caller, request);
}

// Those that are about all tables.
absl::Status CheckAll(const Caller& caller) {
  if (!caller.is_restricted()) return absl::OkStatus();
  return absl::PermissionDeniedError(absl::StrCat(
      "token \"", caller.Name(), "\": for some tables, want one for all"));
}
absl::Status CheckTables(const Caller& caller, const pb::BackupRequest&) {
  return CheckAll(caller);
}
absl::Status CheckTables(const Caller& caller, const pb::ListBackupsRequest&) {
  return CheckAll(caller);
}
absl::Status CheckTables(const Caller& caller, const pb::RestoreRequest&) {
  return CheckAll(caller);
}
absl::Status CheckTables(const Caller& caller, const pb::VerifyRequest&) {
  return CheckAll(caller);
}

// Those that are about no table: sums, and an upload that its caller has named.
absl::Status CheckTables(const Caller&, const pb::GetStatusRequest&) {
  return absl::OkStatus();
}
absl::Status CheckTables(const Caller&, const pb::GetImportRequest&) {
  return absl::OkStatus();
}
absl::Status CheckTables(const Caller&, const pb::DropImportRequest&) {
  return absl::OkStatus();
}

// Who calls, if the role suffices.
absl::StatusOr<Caller> Admit(const Authorizer& authorizer,
                             absl::string_view call, const Context& context) {
  EMB_ASSIGN_OR_RETURN(const Role role, RoleOfCall(call));
  return authorizer.Authorize(context, role);
}

// The same, if the tables are the caller's.
template <typename Request>
absl::StatusOr<Caller> Admit(const Authorizer& authorizer,
                             absl::string_view call, const Context& context,
                             const Request& request) {
  EMB_ASSIGN_OR_RETURN(Caller caller, Admit(authorizer, call, context));
  EMB_RETURN_IF_ERROR(CheckTables(caller, request));
  return caller;
}

Unary* Refuse(Context* context, const absl::Status& why) {
  Unary* const reactor = context->DefaultReactor();
  reactor->Finish(ToGrpcStatus(why));
  return reactor;
}

}  // namespace

template <typename Request, typename Response>
Unary* AdminGuard::Pass(absl::string_view call,
                        Unary* (AdminService::*method)(Context*, const Request*,
                                                       Response*),
                        Context* context, const Request* request,
                        Response* response) {
  const auto caller = Admit(authorizer_, call, *context, *request);
  if (!caller.ok()) return Refuse(context, caller.status());
  return (service_.*method)(context, request, response);
}

Unary* AdminGuard::CreateTable(Context* context,
                               const pb::CreateTableRequest* request,
                               pb::CreateTableResponse* response) {
  return Pass("CreateTable", &AdminService::CreateTable, context, request,
              response);
}

Unary* AdminGuard::GetTable(Context* context,
                            const pb::GetTableRequest* request,
                            pb::GetTableResponse* response) {
  return Pass("GetTable", &AdminService::GetTable, context, request, response);
}

// Not refused for a table: it lists those that the caller may use.
Unary* AdminGuard::ListTables(Context* context,
                              const pb::ListTablesRequest* request,
                              pb::ListTablesResponse* response) {
  const auto caller = Admit(authorizer_, "ListTables", *context);
  if (!caller.ok()) return Refuse(context, caller.status());
  return service_.ListTables(*caller, context, request, response);
}

Unary* AdminGuard::DropTable(Context* context,
                             const pb::DropTableRequest* request,
                             pb::DropTableResponse* response) {
  return Pass("DropTable", &AdminService::DropTable, context, request,
              response);
}

grpc::ServerWriteReactor<pb::ExportTableResponse>* AdminGuard::ExportTable(
    Context* context, const pb::ExportTableRequest* request) {
  const auto caller = Admit(authorizer_, "ExportTable", *context, *request);
  if (caller.ok()) return service_.ExportTable(context, request);
  return new RefusedCall<grpc::ServerWriteReactor<pb::ExportTableResponse>>(
      caller.status());
}

// Its table is known when its first message has come.
grpc::ServerReadReactor<pb::ImportTableRequest>* AdminGuard::ImportTable(
    Context* context, pb::ImportTableResponse* response) {
  const auto caller = Admit(authorizer_, "ImportTable", *context);
  if (caller.ok()) return service_.ImportTable(*caller, context, response);
  return new RefusedCall<grpc::ServerReadReactor<pb::ImportTableRequest>>(
      caller.status());
}

Unary* AdminGuard::GetImport(Context* context,
                             const pb::GetImportRequest* request,
                             pb::GetImportResponse* response) {
  return Pass("GetImport", &AdminService::GetImport, context, request,
              response);
}

Unary* AdminGuard::DropImport(Context* context,
                              const pb::DropImportRequest* request,
                              pb::DropImportResponse* response) {
  return Pass("DropImport", &AdminService::DropImport, context, request,
              response);
}

Unary* AdminGuard::ListVersions(Context* context,
                                const pb::ListVersionsRequest* request,
                                pb::ListVersionsResponse* response) {
  return Pass("ListVersions", &AdminService::ListVersions, context, request,
              response);
}

Unary* AdminGuard::PublishVersions(Context* context,
                                   const pb::PublishVersionsRequest* request,
                                   pb::PublishVersionsResponse* response) {
  return Pass("PublishVersions", &AdminService::PublishVersions, context,
              request, response);
}

Unary* AdminGuard::RollbackTable(Context* context,
                                 const pb::RollbackTableRequest* request,
                                 pb::RollbackTableResponse* response) {
  return Pass("RollbackTable", &AdminService::RollbackTable, context, request,
              response);
}

Unary* AdminGuard::PinVersion(Context* context,
                              const pb::PinVersionRequest* request,
                              pb::PinVersionResponse* response) {
  return Pass("PinVersion", &AdminService::PinVersion, context, request,
              response);
}

Unary* AdminGuard::UpsertRows(Context* context,
                              const pb::UpsertRowsRequest* request,
                              pb::UpsertRowsResponse* response) {
  return Pass("UpsertRows", &AdminService::UpsertRows, context, request,
              response);
}

Unary* AdminGuard::Backup(Context* context, const pb::BackupRequest* request,
                          pb::BackupResponse* response) {
  return Pass("Backup", &AdminService::Backup, context, request, response);
}

Unary* AdminGuard::ListBackups(Context* context,
                               const pb::ListBackupsRequest* request,
                               pb::ListBackupsResponse* response) {
  return Pass("ListBackups", &AdminService::ListBackups, context, request,
              response);
}

Unary* AdminGuard::Restore(Context* context, const pb::RestoreRequest* request,
                           pb::RestoreResponse* response) {
  return Pass("Restore", &AdminService::Restore, context, request, response);
}

Unary* AdminGuard::Verify(Context* context, const pb::VerifyRequest* request,
                          pb::VerifyResponse* response) {
  return Pass("Verify", &AdminService::Verify, context, request, response);
}

Unary* AdminGuard::GetStatus(Context* context,
                             const pb::GetStatusRequest* request,
                             pb::GetStatusResponse* response) {
  return Pass("GetStatus", &AdminService::GetStatus, context, request,
              response);
}

}  // namespace emb
