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

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "emb/connection.h"
#include "emb/lookup_result.h"
#include "emb/lookup_stream.h"
#include "emb/types.h"

namespace emb {

// TLS: PEM files, read once, when the client is made. For each: this struct's,
// then the environment's. Without a CA calls are in plain text.
struct ClientTls {
  // Who must have signed the server's certificate; the system's are in
  // /etc/ssl/certs/ca-certificates.crt. Empty: EMB_TLS_CA.
  std::string ca_file;
  // The client's own certificate and private key, for a server that wants to
  // see them (--tls_client_ca). Both or none. Empty: EMB_TLS_CERT, EMB_TLS_KEY.
  std::string cert_file;
  std::string key_file;
  // The name that the server's certificate must have; with several servers give
  // it. Empty: the host of the address; of unix:PATH, "localhost".
  std::string server_name;
};

// How to reach a server. For each setting: the call's, then this struct's,
// then the environment's (addresses and files only), then the default.
struct ClientOptions {
  // HOST:PORT, unix:PATH, or any gRPC target. One that names several servers,
  // such as ipv4:10.0.0.1:50051,10.0.0.2:50051 or a DNS name of several
  // addresses (dns:///lookups:50051), sends lookups to them in turn, past
  // those that are not reached or say that they do not serve (they load, or
  // drain). Empty: EMB_SERVER, then 127.0.0.1:50051.
  std::string server;
  // The admin listener. Empty: EMB_ADMIN, then 127.0.0.1:50052.
  std::string admin;
  // Channels for lookups, 1 to kChannelsMax; calls and streams take them in
  // turn. Each is a TCP connection to each server, made when first used. One
  // is enough for one thread, and keeps TCP's window open where more would
  // idle; four threads that ask for 1,024 ids each got 5 to 30 % more rows by
  // two (embctl bench compares: --connections 2 --depth 2, and 1 and 4).
  int channels = 1;
  // Lookups, and admin calls that change nothing, are tried up to three times
  // where a server does not answer or stops: at another one if there are
  // several, within the timeout of the call. False: tried once, for callers
  // that try again themselves. Streams are reopened either way.
  bool retry = true;
  absl::Duration lookup_timeout = absl::Seconds(1);
  // Creating a large table takes seconds: about 1 s per GiB and more.
  absl::Duration admin_timeout = absl::Minutes(10);
  ClientTls tls;
  // What tells the server who calls, sent with every call: a token, or a file
  // with one on its only line, read once. Both empty: EMB_TOKEN_FILE, then
  // none.
  std::string token;
  std::string token_file;
};

inline constexpr int kChannelsMax = 64;

struct CallOptions {
  std::optional<absl::Duration> timeout;  // Unset: the client's.
};

// Client is cheap to copy; copies share their connections. Calls that find
// no server fail with UNAVAILABLE, those that change nothing after three tries
// (see ClientOptions::retry), or with DEADLINE_EXCEEDED. A server that was away
// is used again within 5 s.
//
// With several servers no lookup fails because one of them restarts or dies,
// as long as another serves: one that drains is left as soon as it says so, and
// what was in flight on one that died is sent again, call or stream. A lookup
// on its way to a server that hangs, or behind a broken link, ends with its
// timeout; such a connection is given up after 5 s. A request above 5 MiB,
// which a server takes only by --request_bytes_max, is not sent again. Admin
// calls go to one server at a time, and change that one alone.
//
// Errors   As the server answers them, see proto/embedding/v1; the message
//          is the server's, typed details are kept as payloads.
// Threads  Thread-safe.
class Client {
 public:
  // Makes the channels; does not wait for a server.
  // Errors   INVALID_ARGUMENT  an address is malformed, the number of channels
  //                            is none, or a file cannot be read or is not
  //                            what it should be; names it.
  static absl::StatusOr<Client> Connect(const ClientOptions& options);

  // For tests of callers: a client over any connection.
  Client(std::shared_ptr<Connection> connection, ClientOptions options);

  // Looks up all features in one call, at one epoch.
  // Cost     one round trip; one copy of the values beyond the transport's.
  absl::StatusOr<LookupResult> Lookup(const LookupRequest& request,
                                      const CallOptions& call = {}) const;

  // The same with the values in memory of the caller's: those of feature i
  // begin where those before end, rounded up to a multiple of 64 bytes from
  // the beginning of `buffer`, and nothing follows the last ones. So one
  // feature of [n, dim] float32 fits a tensor of that shape exactly, and views
  // begin on 64-byte boundaries if the buffer does. `buffer` outlives the
  // result, whose views point into it.
  //
  // Errors   As Lookup. INVALID_ARGUMENT  `buffer` is too small; the message
  //          names the bytes needed. After any error it is as it was.
  // Cost     one round trip; one copy, to where the caller wants it.
  absl::StatusOr<LookupResult> LookupInto(const LookupRequest& request,
                                          absl::Span<std::byte> buffer,
                                          const CallOptions& call = {}) const;

  // Asks and returns; the answer, or the error that Lookup would return, goes
  // to `done`. It is called exactly once, never by LookupAsync itself but by a
  // thread of the client's: there is one for each channel, made with the first
  // such lookup, however many are in flight. A `done` that takes long keeps
  // the others of its channel waiting. It may begin further lookups, but
  // waiting for one of them would be for ever.
  //
  // When the last copy of the client goes, lookups in flight are cancelled and
  // its destructor returns when every `done` has (with CANCELLED; one whose
  // answer was there already gets that). A `done` must not use the client that
  // is being destroyed. If it is a `done` that destroys the last copy, the
  // others of its channel are called after it, by the same thread.
  // Cost     one round trip; one copy of the values beyond the transport's.
  void LookupAsync(LookupRequest request, LookupDone done,
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

  // Hands all rows of one version, as they are at one moment, to the sink, and
  // returns what they were. Each part is checked, and so is the whole; where
  // the connection breaks it goes on behind the last part.
  //
  // Errors   The sink's own; DATA_LOSS  bytes were changed on their way;
  //          ABORTED  rows changed while the connection was broken;
  //          DEADLINE_EXCEEDED  nothing came for stall_timeout.
  absl::StatusOr<TableInfo> ExportTable(
      std::string_view name, const ExportSink& sink,
      const ExportOptions& export_options = {}) const;

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

  // Replaces rows of one table or of several (each named once): all of them,
  // durably, or none. A lookup sees all of them or none.
  //
  // A request that failed with UNAVAILABLE or DEADLINE_EXCEEDED may have been
  // done: send it again under the same request_id (any text of at most 128
  // bytes, such as a UUID), and it is done once. Empty: one is made up.
  //
  // Errors   ABORTED  a table is not at the revision expected. The others are
  //                   those of TableAdmin.UpsertRows.
  absl::StatusOr<UpsertOutcome> UpsertRows(
      const std::vector<RowValues>& updates, std::string_view request_id = "",
      const CallOptions& call = {}) const;

  // Adds a backup of all tables, as they are now, to those of that name below
  // the server's --backup_dir. Takes as long as reading the store twice: give a
  // timeout that allows for it.
  absl::StatusOr<BackupInfo> Backup(std::string_view name,
                                    const BackupOptions& options = {},
                                    const CallOptions& call = {}) const;
  // The backups of a name, ascending.
  absl::StatusOr<std::vector<BackupInfo>> ListBackups(
      std::string_view name, const CallOptions& call = {}) const;
  // Makes a server that never had a table what a backup holds (id 0: the
  // newest), and serves it.
  absl::StatusOr<RestoredTables> Restore(std::string_view name, int64_t id = 0,
                                         const CallOptions& call = {}) const;
  // Reads all that is on disk and compares every checksum and digest. Damage is
  // in the result; 0 bytes a second: as fast as it goes.
  absl::StatusOr<VerifyResult> Verify(int64_t bytes_per_second = 0,
                                      const CallOptions& call = {}) const;

  absl::StatusOr<ServerStatus> GetStatus(const CallOptions& call = {}) const;

  // OK: serving. UNAVAILABLE: not, or not reachable. The service
  // "embedding.v1.TableAdmin" is serving while changes are taken; others, and
  // the server as a whole (""), while lookups are answered.
  absl::Status CheckHealth(std::string_view service = "",
                           const CallOptions& call = {}) const;

 private:
  std::shared_ptr<Connection> connection_;
  ClientOptions options_;
};

}  // namespace emb

#endif  // EMB_CLIENT_H_
