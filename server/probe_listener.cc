#include <netdb.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "core/status_macros.h"
#include "server/address.h"
#include "server/openssl_ptr.h"
#include "server/self_probe.h"

namespace emb {
namespace {

absl::Status Unreachable(const std::string& address, absl::string_view why) {
  return absl::UnavailableError(
      absl::StrCat(address, ": no new connection: ", why));
}

// Closes at its end.
class Socket {
 public:
  explicit Socket(int family) : fd_(socket(family, SOCK_STREAM, 0)) {}
  ~Socket() {
    if (fd_ >= 0) close(fd_);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  int fd() const { return fd_; }

 private:
  const int fd_;
};

struct SocketAddress {
  sockaddr_storage storage = {};
  socklen_t size = 0;
};

absl::StatusOr<SocketAddress> Resolve(const Address& address) {
  SocketAddress resolved;
  if (address.is_unix()) {
    auto& local = reinterpret_cast<sockaddr_un&>(resolved.storage);
    if (address.unix_path.size() >= sizeof(local.sun_path)) {
      return Unreachable(address.ToString(), "the path is too long");
    }
    local.sun_family = AF_UNIX;
    std::memcpy(local.sun_path, address.unix_path.data(),
                address.unix_path.size());
    resolved.size = sizeof(local);
    return resolved;
  }
  // One that listens everywhere also listens on the loopback.
  const std::string host = address.host == "0.0.0.0" ? "127.0.0.1"
                           : address.host == "::"    ? "::1"
                                                     : address.host;
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error = getaddrinfo(
      host.c_str(), absl::StrCat(address.port).c_str(), &hints, &found);
  if (error != 0) return Unreachable(address.ToString(), gai_strerror(error));
  std::memcpy(&resolved.storage, found->ai_addr, found->ai_addrlen);
  resolved.size = found->ai_addrlen;
  freeaddrinfo(found);
  return resolved;
}

// The first frame of an HTTP/2 server: nine bytes of header, of which the
// fourth says that it is settings.
bool HearsSettings(int fd) {
  constexpr char kSettings = 4;
  std::array<char, 9> header = {};
  return recv(fd, header.data(), header.size(), MSG_WAITALL) ==
             static_cast<ssize_t>(header.size()) &&
         header[3] == kSettings;
}

// Any answer to a greeting will do, also one that asks for a certificate.
bool HearsTls(int fd) {
  const ErrorQueueGuard guard;
  const ContextPtr context(SSL_CTX_new(TLS_client_method()));
  const ConnectionPtr tls(SSL_new(context.get()));
  if (tls == nullptr || SSL_set_fd(tls.get(), fd) != 1) return false;
  const int result = SSL_connect(tls.get());
  return result == 1 || SSL_get_error(tls.get(), result) == SSL_ERROR_SSL;
}

}  // namespace

absl::Status ProbeListener(const std::string& address, bool tls,
                           absl::Duration timeout) {
  EMB_ASSIGN_OR_RETURN(const Address parsed, ParseAddress(address));
  EMB_ASSIGN_OR_RETURN(const SocketAddress to, Resolve(parsed));
  const Socket socket(to.storage.ss_family);
  if (socket.fd() < 0) return Unreachable(address, std::strerror(errno));
  const timeval patience = absl::ToTimeval(timeout);
  setsockopt(socket.fd(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  setsockopt(socket.fd(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
  if (connect(socket.fd(), reinterpret_cast<const sockaddr*>(&to.storage),
              to.size) != 0) {
    return Unreachable(address, std::strerror(errno));
  }
  if (tls ? HearsTls(socket.fd()) : HearsSettings(socket.fd())) {
    return absl::OkStatus();
  }
  return Unreachable(address, "the listener says nothing");
}

}  // namespace emb
