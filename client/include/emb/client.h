// emb::Client: embedding lookups and table administration over gRPC.
//
//   emb::Client client = emb::Client::Connect({}).value();
//   emb::Feature item;
//   item.table = "item";
//   item.ids = {1, 2, 3};
//   emb::LookupRequest request;
//   request.features = {item};
//   absl::StatusOr<emb::LookupResult> result = client.Lookup(request);
//   if (!result.ok()) return result.status();
//   absl::Span<const float> rows = result->feature(0).values();
#ifndef EMB_CLIENT_H_
#define EMB_CLIENT_H_

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "emb/connection.h"
#include "emb/lookup_result.h"
#include "emb/lookup_stream.h"
#include "emb/types.h"

namespace emb {

// How to reach a server. For each setting: the call's, then this struct's,
// then the environment's (addresses only), then the default.
struct ClientOptions {
  // HOST:PORT, unix:PATH, or any gRPC target. Empty: EMB_SERVER, then
  // 127.0.0.1:50051.
  std::string server;
  // The admin listener. Empty: EMB_ADMIN, then 127.0.0.1:50052.
  std::string admin;
  absl::Duration lookup_timeout = absl::Seconds(1);
  // Creating a large table takes seconds: about 1 s per GiB and more.
  absl::Duration admin_timeout = absl::Minutes(10);
};

struct CallOptions {
  std::optional<absl::Duration> timeout;  // Unset: the client's.
};

// Client is cheap to copy; copies share their connections. Calls that find
// no server fail with UNAVAILABLE after gRPC's own retries (three tries,
// lookups and reads only) or with DEADLINE_EXCEEDED.
//
// Errors   As the server answers them, see proto/embedding/v1; the message
//          is the server's, typed details are kept as payloads.
// Threads  Thread-safe.
class Client {
 public:
  // Makes the channels; does not wait for a server.
  // Errors   INVALID_ARGUMENT  an address is malformed.
  static absl::StatusOr<Client> Connect(const ClientOptions& options);

  // For tests of callers: a client over any connection.
  Client(std::shared_ptr<Connection> connection, ClientOptions options);

  // Looks up all features in one call, at one epoch.
  // Cost     one round trip; one copy of the values beyond the transport's.
  absl::StatusOr<LookupResult> Lookup(const LookupRequest& request,
                                      const CallOptions& call = {}) const;

  // A stream for callers that keep several lookups in flight; the timeout is
  // that of each Send and Receive. It does not connect yet.
  std::unique_ptr<LookupStream> OpenLookupStream(
      const CallOptions& call = {}) const;

  absl::StatusOr<TableInfo> CreateTable(const TableOptions& options,
                                        const CallOptions& call = {}) const;
  absl::StatusOr<TableInfo> GetTable(std::string_view name,
                                     const CallOptions& call = {}) const;
  // By name.
  absl::StatusOr<std::vector<TableInfo>> ListTables(
      const CallOptions& call = {}) const;
  absl::Status DropTable(std::string_view name,
                         const CallOptions& call = {}) const;

  // Sends options.num_rows * options.dim float32 elements from `rows`.
  // Becomes visible when all are durable; if it fails, nothing changed.
  absl::StatusOr<TableInfo> ImportTable(
      const TableOptions& options, const RowSource& rows,
      const ImportOptions& import_options = {}) const;

  // All versions that are kept, ascending.
  absl::StatusOr<std::vector<TableInfo>> ListVersions(
      std::string_view name, const CallOptions& call = {}) const;
  // Makes versions current, of one table or of several, in one durable step:
  // a lookup sees all of them or none.
  absl::StatusOr<std::vector<TableInfo>> PublishVersions(
      const std::vector<TableVersion>& versions,
      const CallOptions& call = {}) const;
  // Publishes the newest version below the current one.
  absl::StatusOr<TableInfo> RollbackTable(std::string_view name,
                                          const CallOptions& call = {}) const;
  // Keeps a version, and keeps it in memory, so that lookups may name it; or
  // no longer does so.
  absl::StatusOr<TableInfo> PinVersion(const TableVersion& version, bool pinned,
                                       const CallOptions& call = {}) const;

  absl::StatusOr<ServerStatus> GetStatus(const CallOptions& call = {}) const;

  // OK: serving. UNAVAILABLE: not, or not reachable.
  absl::Status CheckHealth(std::string_view service = "",
                           const CallOptions& call = {}) const;

 private:
  std::shared_ptr<Connection> connection_;
  ClientOptions options_;
};

}  // namespace emb

#endif  // EMB_CLIENT_H_
