#include "client/src/grpc_connection.h"

#include <chrono>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/src/convert.h"
#include "client/src/export_call.h"
#include "client/src/import_call.h"
#include "client/src/lookup_channels.h"
#include "client/src/status_from_grpc.h"
#include "embedding/v1/admin.grpc.pb.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "grpcpp/client_context.h"

namespace emb {
namespace {

namespace pb = embedding::v1;

std::chrono::system_clock::time_point DeadlineAfter(absl::Duration timeout) {
  // An infinite timeout stays one: gRPC knows the last of all times.
  return absl::ToChronoTime(absl::Now() + timeout);
}

pb::TableVersion ToProto(const TableVersion& version) {
  pb::TableVersion proto;
  proto.set_name(version.name);
  proto.set_version(version.version);
  return proto;
}

std::vector<TableInfo> InfosFromProto(
    const google::protobuf::RepeatedPtrField<pb::TableInfo>& protos) {
  std::vector<TableInfo> infos;
  for (const pb::TableInfo& proto : protos) infos.push_back(FromProto(proto));
  return infos;
}

class GrpcConnection final : public Connection {
 public:
  GrpcConnection(std::string server, std::string admin, int num_channels,
                 const ChannelSecurity& security, bool retry)
      : server_(std::move(server)),
        admin_(std::move(admin)),
        security_(security),
        lookups_(server_, num_channels, security, retry),
        health_(grpc::health::v1::Health::NewStub(
            MakeChannel(server_, security, {.retry = retry}))),
        admin_channel_(MakeChannel(admin_, security, {.retry = retry})),
        admin_health_(grpc::health::v1::Health::NewStub(admin_channel_)),
        tables_(pb::TableAdmin::NewStub(admin_channel_)) {}

  absl::StatusOr<LookupResult> Lookup(const LookupRequest& request,
                                      absl::Duration timeout) override {
    return lookups_.Lookup(request, std::nullopt, DeadlineAfter(timeout));
  }

  absl::StatusOr<LookupResult> LookupInto(const LookupRequest& request,
                                          absl::Span<std::byte> buffer,
                                          absl::Duration timeout) override {
    return lookups_.Lookup(request, buffer, DeadlineAfter(timeout));
  }

  void LookupAsync(LookupRequest request, LookupDone done,
                   absl::Duration timeout) override {
    lookups_.LookupAsync(std::move(request), std::move(done),
                         DeadlineAfter(timeout));
  }

  std::unique_ptr<LookupStream> OpenLookupStream(
      absl::Duration timeout) override {
    return lookups_.OpenStream(timeout);
  }

  absl::StatusOr<TableInfo> CreateTable(const TableOptions& options,
                                        absl::Duration timeout) override {
    pb::CreateTableRequest request;
    *request.mutable_spec() = CreateSpecToProto(options);
    pb::CreateTableResponse response;
    const absl::Status status =
        Call(admin_, timeout, *tables_, &pb::TableAdmin::Stub::CreateTable,
             request, response);
    if (!status.ok()) return status;
    return FromProto(response.table());
  }

  absl::StatusOr<TableInfo> GetTable(const std::string& name,
                                     absl::Duration timeout) override {
    pb::GetTableRequest request;
    request.set_name(name);
    pb::GetTableResponse response;
    const absl::Status status =
        Call(admin_, timeout, *tables_, &pb::TableAdmin::Stub::GetTable,
             request, response);
    if (!status.ok()) return status;
    return FromProto(response.table());
  }

  absl::StatusOr<std::vector<TableInfo>> ListTables(
      absl::Duration timeout) override {
    // All pages share one deadline.
    const absl::Time deadline = absl::Now() + timeout;
    std::vector<TableInfo> tables;
    pb::ListTablesRequest request;
    do {
      pb::ListTablesResponse response;
      const absl::Status status =
          Call(admin_, deadline - absl::Now(), *tables_,
               &pb::TableAdmin::Stub::ListTables, request, response);
      if (!status.ok()) return status;
      for (const pb::TableInfo& table : response.tables()) {
        tables.push_back(FromProto(table));
      }
      request.set_page_token(response.next_page_token());
    } while (!request.page_token().empty());
    return tables;
  }

  absl::Status DropTable(const std::string& name,
                         absl::Duration timeout) override {
    pb::DropTableRequest request;
    request.set_name(name);
    pb::DropTableResponse response;
    return Call(admin_, timeout, *tables_, &pb::TableAdmin::Stub::DropTable,
                request, response);
  }

  absl::StatusOr<TableInfo> ImportTable(const TableOptions& options,
                                        const ImportOptions& import_options,
                                        const RowSource& rows) override {
    pb::ImportHeader header;
    *header.mutable_spec() = ImportSpecToProto(options);
    header.set_keep_padding_row(import_options.keep_padding_row);
    header.set_no_publish(!import_options.publish);
    header.set_no_padding_idx(import_options.no_padding_idx);
    header.set_no_max_norm(import_options.no_max_norm);
    const ImportServer server = {
        admin_, [this] {
          return pb::TableAdmin::NewStub(MakeChannel(admin_, security_));
        }};
    return RunImport(*tables_, server, header, import_options, rows);
  }

  absl::StatusOr<TableInfo> ExportTable(const std::string& name,
                                        const ExportOptions& export_options,
                                        const ExportSink& sink) override {
    return RunExport(*tables_, admin_, name, export_options, sink);
  }

  absl::StatusOr<std::vector<TableInfo>> ListVersions(
      const std::string& name, absl::Duration timeout) override {
    pb::ListVersionsRequest request;
    request.set_name(name);
    pb::ListVersionsResponse response;
    const absl::Status status =
        Call(admin_, timeout, *tables_, &pb::TableAdmin::Stub::ListVersions,
             request, response);
    if (!status.ok()) return status;
    return InfosFromProto(response.versions());
  }

  absl::StatusOr<std::vector<TableInfo>> PublishVersions(
      const std::vector<TableVersion>& versions,
      absl::Duration timeout) override {
    pb::PublishVersionsRequest request;
    for (const TableVersion& version : versions) {
      *request.add_versions() = ToProto(version);
    }
    pb::PublishVersionsResponse response;
    const absl::Status status =
        Call(admin_, timeout, *tables_, &pb::TableAdmin::Stub::PublishVersions,
             request, response);
    if (!status.ok()) return status;
    return InfosFromProto(response.tables());
  }

  absl::StatusOr<TableInfo> RollbackTable(const std::string& name,
                                          absl::Duration timeout) override {
    pb::RollbackTableRequest request;
    request.set_name(name);
    pb::RollbackTableResponse response;
    const absl::Status status =
        Call(admin_, timeout, *tables_, &pb::TableAdmin::Stub::RollbackTable,
             request, response);
    if (!status.ok()) return status;
    return FromProto(response.table());
  }

  absl::StatusOr<TableInfo> PinVersion(const TableVersion& version, bool pinned,
                                       absl::Duration timeout) override {
    pb::PinVersionRequest request;
    *request.mutable_version() = ToProto(version);
    request.set_pinned(pinned);
    pb::PinVersionResponse response;
    const absl::Status status =
        Call(admin_, timeout, *tables_, &pb::TableAdmin::Stub::PinVersion,
             request, response);
    if (!status.ok()) return status;
    return FromProto(response.version());
  }

  absl::StatusOr<UpsertOutcome> UpsertRows(
      const std::vector<RowValues>& updates, const std::string& request_id,
      absl::Duration timeout) override {
    pb::UpsertRowsResponse response;
    const absl::Status status =
        Call(admin_, timeout, *tables_, &pb::TableAdmin::Stub::UpsertRows,
             UpsertToProto(updates, request_id), response);
    if (!status.ok()) return status;
    return FromProto(response);
  }

  absl::StatusOr<BackupInfo> Backup(const std::string& name,
                                    const BackupOptions& options,
                                    absl::Duration timeout) override {
    pb::BackupRequest request;
    request.set_name(name);
    request.set_keep(options.keep);
    request.set_bytes_per_second(options.bytes_per_second);
    pb::BackupResponse response;
    const absl::Status status =
        Call(admin_, timeout, *tables_, &pb::TableAdmin::Stub::Backup, request,
             response);
    if (!status.ok()) return status;
    return FromProto(response.backup());
  }

  absl::StatusOr<std::vector<BackupInfo>> ListBackups(
      const std::string& name, absl::Duration timeout) override {
    pb::ListBackupsRequest request;
    request.set_name(name);
    pb::ListBackupsResponse response;
    const absl::Status status =
        Call(admin_, timeout, *tables_, &pb::TableAdmin::Stub::ListBackups,
             request, response);
    if (!status.ok()) return status;
    std::vector<BackupInfo> backups;
    for (const pb::BackupInfo& backup : response.backups()) {
      backups.push_back(FromProto(backup));
    }
    return backups;
  }

  absl::StatusOr<RestoredTables> Restore(const std::string& name, int64_t id,
                                         absl::Duration timeout) override {
    pb::RestoreRequest request;
    request.set_name(name);
    request.set_id(id);
    pb::RestoreResponse response;
    const absl::Status status =
        Call(admin_, timeout, *tables_, &pb::TableAdmin::Stub::Restore, request,
             response);
    if (!status.ok()) return status;
    return RestoredTables{response.epoch(), response.num_tables()};
  }

  absl::StatusOr<VerifyResult> Verify(int64_t bytes_per_second,
                                      absl::Duration timeout) override {
    pb::VerifyRequest request;
    request.set_bytes_per_second(bytes_per_second);
    pb::VerifyResponse response;
    const absl::Status status =
        Call(admin_, timeout, *tables_, &pb::TableAdmin::Stub::Verify, request,
             response);
    if (!status.ok()) return status;
    return FromProto(response);
  }

  absl::StatusOr<ServerStatus> GetStatus(absl::Duration timeout) override {
    pb::GetStatusResponse response;
    const absl::Status status =
        Call(admin_, timeout, *tables_, &pb::TableAdmin::Stub::GetStatus, {},
             response);
    if (!status.ok()) return status;
    return FromProto(response);
  }

  absl::Status CheckHealth(const std::string& service,
                           absl::Duration timeout) override {
    namespace health = grpc::health::v1;
    health::HealthCheckRequest request;
    request.set_service(service);
    health::HealthCheckResponse response;
    const bool writes = service == pb::TableAdmin::service_full_name();
    const std::string& address = writes ? admin_ : server_;
    absl::Status status =
        Call(address, timeout, writes ? *admin_health_ : *health_,
             &health::Health::Stub::Check, request, response);
    if (absl::IsNotFound(status)) {
      return absl::NotFoundError(
          absl::StrCat("service \"", service, "\": not known to ", address));
    }
    if (!status.ok()) return status;
    if (response.status() == health::HealthCheckResponse::SERVING) {
      return absl::OkStatus();
    }
    return absl::UnavailableError(absl::StrCat(address, ": not serving"));
  }

 private:
  // One unary call with its deadline.
  template <typename Stub, typename Request, typename Response>
  static absl::Status Call(const std::string& address, absl::Duration timeout,
                           Stub& stub,
                           grpc::Status (Stub::*method)(grpc::ClientContext*,
                                                        const Request&,
                                                        Response*),
                           const Request& request, Response& response) {
    grpc::ClientContext context;
    context.set_deadline(DeadlineAfter(timeout));
    return StatusFromGrpc((stub.*method)(&context, request, &response),
                          address);
  }

  const std::string server_;
  const std::string admin_;
  const ChannelSecurity security_;
  LookupChannels lookups_;
  const std::unique_ptr<grpc::health::v1::Health::Stub> health_;
  const std::shared_ptr<grpc::Channel> admin_channel_;
  const std::unique_ptr<grpc::health::v1::Health::Stub> admin_health_;
  const std::unique_ptr<pb::TableAdmin::Stub> tables_;
};

}  // namespace

std::shared_ptr<Connection> MakeGrpcConnection(const std::string& server,
                                               const std::string& admin,
                                               int num_channels,
                                               const ChannelSecurity& security,
                                               bool retry) {
  return std::make_shared<GrpcConnection>(server, admin, num_channels, security,
                                          retry);
}

}  // namespace emb
