// TableAdmin as gRPC sees it: who may not make a call does not reach the
// service behind.
#ifndef EMB_SERVER_ADMIN_GUARD_H_
#define EMB_SERVER_ADMIN_GUARD_H_

#include "absl/strings/string_view.h"
#include "embedding/v1/admin.grpc.pb.h"
#include "server/admin_service.h"
#include "server/authorizer.h"

namespace emb {

// AdminGuard is the one place where calls of TableAdmin are let through: a call
// needs its role (RoleOfCall), every table that it names, and, if it is about
// all tables whatever it says, a caller who may use all.
//
// Threads  Thread-safe. No call blocks.
class AdminGuard final : public embedding::v1::TableAdmin::CallbackService {
 public:
  // Both outlive the guard.
  AdminGuard(AdminService& service, const Authorizer& authorizer)
      : service_(service), authorizer_(authorizer) {}

  grpc::ServerUnaryReactor* CreateTable(
      grpc::CallbackServerContext* context,
      const embedding::v1::CreateTableRequest* request,
      embedding::v1::CreateTableResponse* response) override;
  grpc::ServerUnaryReactor* GetTable(
      grpc::CallbackServerContext* context,
      const embedding::v1::GetTableRequest* request,
      embedding::v1::GetTableResponse* response) override;
  grpc::ServerUnaryReactor* ListTables(
      grpc::CallbackServerContext* context,
      const embedding::v1::ListTablesRequest* request,
      embedding::v1::ListTablesResponse* response) override;
  grpc::ServerUnaryReactor* DropTable(
      grpc::CallbackServerContext* context,
      const embedding::v1::DropTableRequest* request,
      embedding::v1::DropTableResponse* response) override;
  grpc::ServerWriteReactor<embedding::v1::ExportTableResponse>* ExportTable(
      grpc::CallbackServerContext* context,
      const embedding::v1::ExportTableRequest* request) override;
  grpc::ServerReadReactor<embedding::v1::ImportTableRequest>* ImportTable(
      grpc::CallbackServerContext* context,
      embedding::v1::ImportTableResponse* response) override;
  grpc::ServerUnaryReactor* GetImport(
      grpc::CallbackServerContext* context,
      const embedding::v1::GetImportRequest* request,
      embedding::v1::GetImportResponse* response) override;
  grpc::ServerUnaryReactor* DropImport(
      grpc::CallbackServerContext* context,
      const embedding::v1::DropImportRequest* request,
      embedding::v1::DropImportResponse* response) override;
  grpc::ServerUnaryReactor* ListVersions(
      grpc::CallbackServerContext* context,
      const embedding::v1::ListVersionsRequest* request,
      embedding::v1::ListVersionsResponse* response) override;
  grpc::ServerUnaryReactor* PublishVersions(
      grpc::CallbackServerContext* context,
      const embedding::v1::PublishVersionsRequest* request,
      embedding::v1::PublishVersionsResponse* response) override;
  grpc::ServerUnaryReactor* RollbackTable(
      grpc::CallbackServerContext* context,
      const embedding::v1::RollbackTableRequest* request,
      embedding::v1::RollbackTableResponse* response) override;
  grpc::ServerUnaryReactor* PinVersion(
      grpc::CallbackServerContext* context,
      const embedding::v1::PinVersionRequest* request,
      embedding::v1::PinVersionResponse* response) override;
  grpc::ServerUnaryReactor* UpsertRows(
      grpc::CallbackServerContext* context,
      const embedding::v1::UpsertRowsRequest* request,
      embedding::v1::UpsertRowsResponse* response) override;
  grpc::ServerUnaryReactor* Backup(
      grpc::CallbackServerContext* context,
      const embedding::v1::BackupRequest* request,
      embedding::v1::BackupResponse* response) override;
  grpc::ServerUnaryReactor* ListBackups(
      grpc::CallbackServerContext* context,
      const embedding::v1::ListBackupsRequest* request,
      embedding::v1::ListBackupsResponse* response) override;
  grpc::ServerUnaryReactor* Restore(
      grpc::CallbackServerContext* context,
      const embedding::v1::RestoreRequest* request,
      embedding::v1::RestoreResponse* response) override;
  grpc::ServerUnaryReactor* Verify(
      grpc::CallbackServerContext* context,
      const embedding::v1::VerifyRequest* request,
      embedding::v1::VerifyResponse* response) override;
  grpc::ServerUnaryReactor* GetStatus(
      grpc::CallbackServerContext* context,
      const embedding::v1::GetStatusRequest* request,
      embedding::v1::GetStatusResponse* response) override;

 private:
  // Lets a call of one request about its tables through to the service.
  template <typename Request, typename Response>
  grpc::ServerUnaryReactor* Pass(
      absl::string_view call,
      grpc::ServerUnaryReactor* (AdminService::*method)(
          grpc::CallbackServerContext*, const Request*, Response*),
      grpc::CallbackServerContext* context, const Request* request,
      Response* response);

  AdminService& service_;
  const Authorizer& authorizer_;
};

}  // namespace emb

#endif  // EMB_SERVER_ADMIN_GUARD_H_
