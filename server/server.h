// The whole server: store, registry, two gRPC listeners, and their order of
// starting and stopping.
#ifndef EMB_SERVER_SERVER_H_
#define EMB_SERVER_SERVER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/limits.h"
#include "server/log.h"
#include "server/retention.h"
#include "server/row_updater.h"
#include "server/swap_policy.h"
#include "server/tls.h"

namespace emb {

struct ServerOptions {
  std::string data_dir;
  LogLevel log_level = LogLevel::kInfo;  // Of the whole process.
  std::string listen = "127.0.0.1:50051";
  std::string admin_listen = "127.0.0.1:50052";
  std::string http_listen = "127.0.0.1:50053";  // Empty: nowhere.
  std::string backup_dir;  // Where backups go; empty: nowhere.
  // Where to copy what can be read of a damaged store, instead of serving it;
  // empty: serve.
  std::string salvage;
  // Allows plain text on addresses that other machines can reach.
  bool insecure = false;
  TlsOptions tls;          // Of both listeners.
  std::string token_file;  // Who may call; empty: everyone.
  // Certificates and tokens are read again when they have changed; how often to
  // look.
  absl::Duration reload_interval = absl::Seconds(2);
  // Bytes that tables may take; 0: 80 % of the cgroup's or machine's memory.
  int64_t memory_limit_bytes = 0;
  int load_threads = 2;
  Retention retention;
  SwapPolicy swap_policy = SwapPolicy::kLoadFirst;
  Durability durability = Durability::kSync;  // Of row updates.
  // A table that is updated is folded at most so often, writing so fast.
  absl::Duration fold_interval = absl::Minutes(10);
  int64_t fold_bytes_per_second = int64_t{64} << 20;
  // An import that sends nothing for so long is given up.
  absl::Duration import_idle_timeout = absl::Seconds(60);
  // Between "not serving" and the end of listening, for callers to go.
  absl::Duration drain_delay = absl::Seconds(5);
  // For calls in flight after that; then they are cancelled.
  absl::Duration drain_timeout = absl::Seconds(20);
  Limits limits;
  // How long a lookup may wait for a thread.
  absl::Duration queue_timeout = absl::Milliseconds(50);
  // Of so many lookups one is logged; 0: none.
  int64_t lookup_log_sampling = 0;
  // Between probes of the data port by the server itself; 0: never.
  absl::Duration self_probe_interval = absl::Seconds(3);
  // Told, on a thread of the server's, when it takes no connections any more
  // and only a restart helps.
  std::function<void(const absl::Status&)> on_wedged = [](const absl::Status&) {
  };
};

// What can be found wrong with options before anything is opened or made:
// addresses, and the files that options name. One place for --check_config and
// for Server::Start.
//
// Errors   INVALID_ARGUMENT  an option; names its flag.
absl::Status CheckServerOptions(const ServerOptions& options);

// Server answers from Start until Stop; lookups fail with UNAVAILABLE until
// Load is done.
//
// Threads  RequestStop, Reload, ReloadCredentials, IsAlive: any thread. The
//          rest: one thread.
class Server {
 public:
  // Checks the options, opens the store and listens.
  //
  // Errors   INVALID_ARGUMENT  an option; names its flag.
  //          UNAVAILABLE       an address or the data directory is in use.
  //          As OpenRocksTableStore.
  static absl::StatusOr<std::unique_ptr<Server>> Start(
      const ServerOptions& options);

  // Stops at once, if Stop was not called.
  ~Server();

  // Loads all tables, then reports "serving" to health checks.
  //
  // Errors   As LoadTables; CANCELLED  RequestStop was called meanwhile.
  absl::Status Load();

  // Applies what may change in a server that runs, which is what IsReloadable
  // says; the rest of `options` is as it was. All of it or, on errors, nothing.
  absl::Status Reload(const ServerOptions& options);

  // It takes new connections, as far as its own probe knows.
  bool IsAlive() const;

  // Wakes WaitForStop and ends Load.
  void RequestStop();
  void WaitForStop();

  // Reads the certificate and the tokens again, now. What is wrong changes
  // nothing, and is logged.
  //
  // Errors   INVALID_ARGUMENT  as ReadTlsIdentity and Authorizer::Create.
  absl::Status ReloadCredentials();

  // When the certificate in use expires; infinite future without TLS.
  absl::Time certificate_expires_at() const;

  // Reports "not serving", waits for drain_delay, lets calls in flight finish
  // for drain_timeout, and closes the store. Call once, last.
  absl::Status Stop();

  // Where it listens; the port is the one it got.
  const std::string& data_address() const;
  const std::string& admin_address() const;
  std::string http_address() const;  // Empty: nowhere.

 private:
  struct Parts;
  explicit Server(std::unique_ptr<Parts> parts);

  std::unique_ptr<Parts> parts_;
};

// The release, such as "0.1.0".
std::string ServerVersion();

}  // namespace emb

#endif  // EMB_SERVER_SERVER_H_
