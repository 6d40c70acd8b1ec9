// One gRPC server on one address with one service.
#ifndef EMB_SERVER_LISTENER_H_
#define EMB_SERVER_LISTENER_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "grpcpp/security/server_credentials.h"
#include "grpcpp/server.h"
#include "server/address.h"
#include "server/authorizer.h"
#include "server/metrics/call_metrics.h"
#include "server/tls.h"

namespace emb {

struct ListenerOptions {
  std::string flag;     // For messages, such as "--listen".
  std::string address;  // As ParseAddress takes it.
  bool insecure = false;
  int64_t message_bytes_max = int64_t{4} << 20;  // Of a request.
  // Connections are asked to be made anew after this, so that callers spread
  // over servers again; calls then have 30 s to end. Infinite where calls may
  // take as long as they need.
  absl::Duration connection_age_max = absl::InfiniteDuration();
  // Whose methods are counted and logged here, with who calls them; null: the
  // service does. Both outlive the listener.
  const CallMetrics* metrics = nullptr;
  const Authorizer* authorizer = nullptr;
  const ServerTls* tls = nullptr;  // Outlives the listener; null: plain text.
};

// Errors   INVALID_ARGUMENT  a malformed address, or one that other machines
//                            can reach without `tls` or `insecure`; names the
//                            flag.
absl::StatusOr<Address> CheckedAddress(const ListenerOptions& options);

// That an address, checked, is not to be had: UNAVAILABLE.
absl::Status CannotListen(const ListenerOptions& options);

// Listener serves one service and the standard health service beside it. It
// begins as "not serving".
//
// Threads  Thread-safe after Start.
class Listener {
 public:
  // `service` outlives the listener.
  //
  // Errors   As CheckedAddress.
  //          UNAVAILABLE  the address cannot be listened on.
  static absl::StatusOr<std::unique_ptr<Listener>> Start(
      const ListenerOptions& options, grpc::Service& service,
      const std::string& service_name);

  // Sets the health of the server as a whole and of the service.
  void SetServing(bool serving);

  // Refuses new calls, waits for those in flight, then cancels them.
  void Shutdown(absl::Duration timeout);

  const std::string& address() const { return address_; }

 private:
  Listener() = default;

  std::string address_;
  std::string service_name_;
  std::shared_ptr<grpc::ServerCredentials> credentials_;
  std::unique_ptr<grpc::Server> server_;  // Asks them, so it goes first.
};

}  // namespace emb

#endif  // EMB_SERVER_LISTENER_H_
