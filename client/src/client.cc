#include "emb/client.h"

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "client/src/channel_security.h"
#include "client/src/grpc_connection.h"

namespace emb {
namespace {

constexpr char kDefaultServer[] = "127.0.0.1:50051";
constexpr char kDefaultAdmin[] = "127.0.0.1:50052";
constexpr int kPortMax = 65'535;

// The first of: the caller's, the environment's, the default.
std::string AddressOf(const std::string& given, const char* variable,
                      const char* otherwise) {
  if (!given.empty()) return given;
  const char* const from_environment = std::getenv(variable);
  if (from_environment != nullptr && *from_environment != '\0') {
    return from_environment;
  }
  return otherwise;
}

bool IsTarget(absl::string_view address) {
  constexpr absl::string_view kSchemes[] = {
      "unix:", "unix-abstract:", "dns:", "ipv4:", "ipv6:", "vsock:", "xds:"};
  return std::any_of(std::begin(kSchemes), std::end(kSchemes),
                     [address](absl::string_view scheme) {
                       return absl::StartsWith(address, scheme);
                     });
}

// What gRPC would report much later, as a name that does not resolve, or not
// at all: it takes port 99999 for 34463.
absl::Status CheckAddress(const std::string& address) {
  if (IsTarget(address)) return absl::OkStatus();
  const size_t colon = address.rfind(':');
  int port = 0;
  if (colon != std::string::npos && colon > 0 &&
      address.find(' ') == std::string::npos &&
      absl::SimpleAtoi(address.substr(colon + 1), &port) && port > 0 &&
      port <= kPortMax) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "address \"", address,
      "\", want HOST:PORT with a port of 1 to 65535, or unix:PATH"));
}

}  // namespace

absl::StatusOr<Client> Client::Connect(const ClientOptions& options) {
  const std::string server =
      AddressOf(options.server, "EMB_SERVER", kDefaultServer);
  const std::string admin =
      AddressOf(options.admin, "EMB_ADMIN", kDefaultAdmin);
  for (const std::string& address : {server, admin}) {
    const absl::Status status = CheckAddress(address);
    if (!status.ok()) return status;
  }
  if (options.channels < 1 || options.channels > kChannelsMax) {
    return absl::InvalidArgumentError(absl::StrCat(
        "channels: ", options.channels, ", want 1 to ", kChannelsMax));
  }
  const auto security = ReadChannelSecurity(options);
  if (!security.ok()) return security.status();
  return Client(MakeGrpcConnection(server, admin, options.channels, *security,
                                   options.retry),
                options);
}

Client::Client(std::shared_ptr<Connection> connection, ClientOptions options)
    : connection_(std::move(connection)), options_(std::move(options)) {}

absl::StatusOr<LookupResult> Client::Lookup(const LookupRequest& request,
                                            const CallOptions& call) const {
  return connection_->Lookup(request,
                             call.timeout.value_or(options_.lookup_timeout));
}

absl::StatusOr<LookupResult> Client::LookupInto(const LookupRequest& request,
                                                absl::Span<std::byte> buffer,
                                                const CallOptions& call) const {
  return connection_->LookupInto(
      request, buffer, call.timeout.value_or(options_.lookup_timeout));
}

void Client::LookupAsync(LookupRequest request, LookupDone done,
                         const CallOptions& call) const {
  connection_->LookupAsync(std::move(request), std::move(done),
                           call.timeout.value_or(options_.lookup_timeout));
}

std::unique_ptr<LookupStream> Client::OpenLookupStream(
    const CallOptions& call) const {
  return connection_->OpenLookupStream(
      call.timeout.value_or(options_.lookup_timeout));
}

absl::StatusOr<TableInfo> Client::CreateTable(const TableOptions& options,
                                              const CallOptions& call) const {
  return connection_->CreateTable(
      options, call.timeout.value_or(options_.admin_timeout));
}

absl::StatusOr<TableInfo> Client::GetTable(std::string_view name,
                                           const CallOptions& call) const {
  return connection_->GetTable(std::string(name),
                               call.timeout.value_or(options_.admin_timeout));
}

absl::StatusOr<std::vector<TableInfo>> Client::ListTables(
    const CallOptions& call) const {
  return connection_->ListTables(call.timeout.value_or(options_.admin_timeout));
}

absl::Status Client::DropTable(std::string_view name,
                               const CallOptions& call) const {
  return connection_->DropTable(std::string(name),
                                call.timeout.value_or(options_.admin_timeout));
}

absl::StatusOr<TableInfo> Client::ImportTable(
    const TableOptions& options, const RowSource& rows,
    const ImportOptions& import_options) const {
  return connection_->ImportTable(options, import_options, rows);
}

absl::StatusOr<TableInfo> Client::ExportTable(
    std::string_view name, const ExportSink& sink,
    const ExportOptions& export_options) const {
  return connection_->ExportTable(std::string(name), export_options, sink);
}

absl::StatusOr<std::vector<TableInfo>> Client::ListVersions(
    std::string_view name, const CallOptions& call) const {
  return connection_->ListVersions(
      std::string(name), call.timeout.value_or(options_.admin_timeout));
}

absl::StatusOr<std::vector<TableInfo>> Client::PublishVersions(
    const std::vector<TableVersion>& versions, const CallOptions& call) const {
  return connection_->PublishVersions(
      versions, call.timeout.value_or(options_.admin_timeout));
}

absl::StatusOr<TableInfo> Client::RollbackTable(std::string_view name,
                                                const CallOptions& call) const {
  return connection_->RollbackTable(
      std::string(name), call.timeout.value_or(options_.admin_timeout));
}

absl::StatusOr<TableInfo> Client::PinVersion(const TableVersion& version,
                                             bool pinned,
                                             const CallOptions& call) const {
  return connection_->PinVersion(version, pinned,
                                 call.timeout.value_or(options_.admin_timeout));
}

absl::StatusOr<UpsertOutcome> Client::UpsertRows(
    const std::vector<RowValues>& updates, std::string_view request_id,
    const CallOptions& call) const {
  return connection_->UpsertRows(updates, std::string(request_id),
                                 call.timeout.value_or(options_.admin_timeout));
}

absl::StatusOr<BackupInfo> Client::Backup(std::string_view name,
                                          const BackupOptions& options,
                                          const CallOptions& call) const {
  return connection_->Backup(std::string(name), options,
                             call.timeout.value_or(options_.admin_timeout));
}

absl::StatusOr<std::vector<BackupInfo>> Client::ListBackups(
    std::string_view name, const CallOptions& call) const {
  return connection_->ListBackups(
      std::string(name), call.timeout.value_or(options_.admin_timeout));
}

absl::StatusOr<RestoredTables> Client::Restore(std::string_view name,
                                               int64_t id,
                                               const CallOptions& call) const {
  return connection_->Restore(std::string(name), id,
                              call.timeout.value_or(options_.admin_timeout));
}

absl::StatusOr<VerifyResult> Client::Verify(int64_t bytes_per_second,
                                            const CallOptions& call) const {
  return connection_->Verify(bytes_per_second,
                             call.timeout.value_or(options_.admin_timeout));
}

absl::StatusOr<ServerStatus> Client::GetStatus(const CallOptions& call) const {
  return connection_->GetStatus(call.timeout.value_or(options_.admin_timeout));
}

absl::Status Client::CheckHealth(std::string_view service,
                                 const CallOptions& call) const {
  return connection_->CheckHealth(
      std::string(service), call.timeout.value_or(options_.lookup_timeout));
}

}  // namespace emb
