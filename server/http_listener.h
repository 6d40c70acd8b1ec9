// Metrics and probes over HTTP.
#ifndef EMB_SERVER_HTTP_LISTENER_H_
#define EMB_SERVER_HTTP_LISTENER_H_

#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/listener.h"

namespace httplib {
class Server;
}  // namespace httplib

namespace emb {

// HttpListener answers GET of /metrics, /livez and /readyz, and nothing else.
// By TLS where the other listeners are; where those want certificates of
// callers, /metrics does too.
//
// Threads  Thread-safe after Start. Answers on threads of its own.
class HttpListener {
 public:
  struct Pages {
    std::function<std::string()> metrics;
    // OK: 200; else 503 with the message.
    std::function<absl::Status()> live;
    std::function<absl::Status()> ready;
  };

  // Takes the address and what it is allowed from `options`.
  //
  // Errors   As Listener::Start.
  static absl::StatusOr<std::unique_ptr<HttpListener>> Start(
      const ListenerOptions& options, Pages pages);

  ~HttpListener();
  HttpListener(const HttpListener&) = delete;
  HttpListener& operator=(const HttpListener&) = delete;

  // After it no page is asked for any more. Idempotent.
  void Stop();

  const std::string& address() const { return address_; }

 private:
  HttpListener(std::unique_ptr<httplib::Server> server, std::string address);

  const std::unique_ptr<httplib::Server> server_;
  const std::string address_;
  std::thread thread_;
};

}  // namespace emb

#endif  // EMB_SERVER_HTTP_LISTENER_H_
