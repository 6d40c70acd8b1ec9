#include "server/http_listener.h"

#include <utility>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "core/status_macros.h"
#include "httplib.h"
#include "server/address.h"
#include "server/http_tls.h"

namespace emb {
namespace {

constexpr char kTextType[] = "text/plain; charset=utf-8";
constexpr char kMetricsType[] = "text/plain; version=0.0.4; charset=utf-8";
constexpr int kThreads = 4;
// A peer that says nothing keeps one of the threads for so long.
constexpr int kPatienceSeconds = 5;
constexpr size_t kBodyBytesMax = 1 << 10;

httplib::Server::Handler ProbePage(std::function<absl::Status()> probe) {
  return [probe = std::move(probe)](const httplib::Request& /*request*/,
                                    httplib::Response& response) {
    const absl::Status status = probe();
    response.status = status.ok() ? 200 : 503;
    response.set_content(
        status.ok() ? "ok\n" : absl::StrCat(status.message(), "\n"), kTextType);
  };
}

// Where callers need certificates, probes alone are answered without one.
bool MayReadMetrics(const httplib::Request& request, const ServerTls* tls) {
  if (tls == nullptr || tls->options().client_ca_file.empty()) return true;
  return request.ssl != nullptr && HasClientCertificate(*request.ssl);
}

httplib::Server::Handler MetricsPageOf(std::function<std::string()> metrics,
                                       const ServerTls* tls) {
  return [metrics = std::move(metrics), tls](const httplib::Request& request,
                                             httplib::Response& response) {
    if (MayReadMetrics(request, tls)) {
      response.set_content(metrics(), kMetricsType);
      return;
    }
    response.status = 403;
    response.set_content("want a client certificate (--tls_client_ca)\n",
                         kTextType);
  };
}

std::unique_ptr<httplib::Server> MakeServer(const ServerTls* tls) {
  if (tls == nullptr) return std::make_unique<httplib::Server>();
  return std::make_unique<httplib::SSLServer>(
      [tls](SSL_CTX& context) { return SetUpHttpTls(*tls, context); });
}

void SetUp(httplib::Server& server, const ServerTls* tls,
           HttpListener::Pages pages) {
  server.new_task_queue = [] { return new httplib::ThreadPool(kThreads); };
  server.set_read_timeout(kPatienceSeconds);
  server.set_write_timeout(kPatienceSeconds);
  server.set_keep_alive_timeout(kPatienceSeconds);
  server.set_payload_max_length(kBodyBytesMax);
  // Without SO_REUSEPORT, by which a second server would share the port in
  // silence.
  server.set_socket_options([](socket_t socket) {
    const int on = 1;
    setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  });
  server.Get("/metrics", MetricsPageOf(std::move(pages.metrics), tls));
  server.Get("/livez", ProbePage(std::move(pages.live)));
  server.Get("/readyz", ProbePage(std::move(pages.ready)));
}

// Binds, and sets the port to the one that it got.
bool Bind(httplib::Server& server, Address& address) {
  if (address.is_unix()) {
    server.set_address_family(AF_UNIX);
    return server.bind_to_port(address.unix_path, 80);
  }
  if (address.port != 0) {
    return server.bind_to_port(address.host, address.port);
  }
  address.port = server.bind_to_any_port(address.host);
  return address.port > 0;
}

}  // namespace

absl::StatusOr<std::unique_ptr<HttpListener>> HttpListener::Start(
    const ListenerOptions& options, Pages pages) {
  EMB_ASSIGN_OR_RETURN(Address address, CheckedAddress(options));
  auto server = MakeServer(options.tls);
  SetUp(*server, options.tls, std::move(pages));
  if (!server->is_valid() || !Bind(*server, address)) {
    return CannotListen(options);
  }
  return absl::WrapUnique(
      new HttpListener(std::move(server), address.ToString()));
}

HttpListener::HttpListener(std::unique_ptr<httplib::Server> server,
                           std::string address)
    : server_(std::move(server)),
      address_(std::move(address)),
      thread_([this] { server_->listen_after_bind(); }) {
  // A stop that came before it listens would be lost.
  while (!server_->is_running()) std::this_thread::yield();
}

HttpListener::~HttpListener() { Stop(); }

void HttpListener::Stop() {
  if (!thread_.joinable()) return;
  server_->stop();
  thread_.join();
}

}  // namespace emb
