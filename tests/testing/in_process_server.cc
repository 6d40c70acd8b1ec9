#include "tests/testing/in_process_server.h"

#include <utility>

#include "absl/memory/memory.h"
#include "absl/strings/match.h"
#include "absl/time/time.h"
#include "core/status_macros.h"

namespace emb {

absl::StatusOr<std::unique_ptr<InProcessServer>> InProcessServer::Start(
    ServerOptions options) {
  auto server = absl::WrapUnique(new InProcessServer(std::move(options)));
  EMB_RETURN_IF_ERROR(server->StartServer());
  return server;
}

InProcessServer::InProcessServer(ServerOptions options)
    : options_(std::move(options)) {
  options_.data_dir = data_dir_.path();
  if (!absl::StartsWith(options_.listen, "unix:")) {
    options_.listen = "127.0.0.1:0";
  }
  options_.admin_listen = "127.0.0.1:0";
  options_.http_listen = "127.0.0.1:0";
  options_.drain_delay = absl::ZeroDuration();
}

InProcessServer::~InProcessServer() {
  if (server_ != nullptr) server_->Stop().IgnoreError();
}

absl::Status InProcessServer::StartServer() {
  EMB_ASSIGN_OR_RETURN(server_, Server::Start(options_));
  return server_->Load();
}

absl::Status InProcessServer::Restart() {
  EMB_RETURN_IF_ERROR(server_->Stop());
  server_.reset();
  return StartServer();
}

Client InProcessServer::client(ClientOptions options) const {
  options.server = server_->data_address();
  options.admin = server_->admin_address();
  options.lookup_timeout = absl::Seconds(30);
  // Fails only for an address that is malformed, which these are not, and for
  // files that a test has forgotten to make.
  return Client::Connect(options).value();
}

}  // namespace emb
