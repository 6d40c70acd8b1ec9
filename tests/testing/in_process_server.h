// A whole server in the test's process, on free ports, with a client.
#ifndef EMB_TESTS_TESTING_IN_PROCESS_SERVER_H_
#define EMB_TESTS_TESTING_IN_PROCESS_SERVER_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "emb/client.h"
#include "server/server.h"
#include "tests/testing/temp_dir.h"

namespace emb {

// InProcessServer runs on a data directory of its own, which ends with it.
//
// Threads  One thread; clients may be used from any.
class InProcessServer {
 public:
  // `options` with data_dir, addresses and drain delay set by this class; a
  // unix: address for lookups is kept, and is the same after a restart.
  static absl::StatusOr<std::unique_ptr<InProcessServer>> Start(
      ServerOptions options = {});
  ~InProcessServer();

  // A client of the running server, with generous deadlines and what else
  // `options` says.
  Client client(ClientOptions options = {}) const;

  // Stops in good order and starts again on the same directory, with other
  // ports: clients made before find nobody.
  absl::Status Restart();

  const Server& server() const { return *server_; }
  Server& server() { return *server_; }
  const std::string& data_dir() const { return data_dir_.path(); }

 private:
  explicit InProcessServer(ServerOptions options);
  absl::Status StartServer();

  const TempDir data_dir_;
  ServerOptions options_;
  std::unique_ptr<Server> server_;
};

}  // namespace emb

#endif  // EMB_TESTS_TESTING_IN_PROCESS_SERVER_H_
