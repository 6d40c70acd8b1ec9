#include "bench/peers/tcp_socket.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace emb::bench {
namespace {

absl::Status LastError(const char* call) {
  return absl::ErrnoToStatus(errno, call);
}

sockaddr_in Loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(port));
  return address;
}

const sockaddr* Generic(const sockaddr_in& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

// As gRPC and Redis do: a small message does not wait for an acknowledgement.
absl::Status SetNoDelay(int fd) {
  const int on = 1;
  if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) != 0) {
    return LastError("TCP_NODELAY");
  }
  return absl::OkStatus();
}

}  // namespace

TcpSocket::TcpSocket(TcpSocket&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)) {}

TcpSocket::~TcpSocket() {
  if (fd_ >= 0) close(fd_);
}

absl::StatusOr<TcpSocket> TcpSocket::Listen() {
  TcpSocket listener(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (listener.fd_ < 0) return LastError("socket");
  const sockaddr_in address = Loopback(0);
  if (bind(listener.fd_, Generic(address), sizeof(address)) != 0) {
    return LastError("bind");
  }
  if (listen(listener.fd_, SOMAXCONN) != 0) return LastError("listen");
  return listener;
}

absl::StatusOr<TcpSocket> TcpSocket::Connect(int port) {
  TcpSocket connection(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (connection.fd_ < 0) return LastError("socket");
  const sockaddr_in address = Loopback(port);
  if (connect(connection.fd_, Generic(address), sizeof(address)) != 0) {
    return LastError("connect");
  }
  const absl::Status status = SetNoDelay(connection.fd_);
  if (!status.ok()) return status;
  return connection;
}

absl::StatusOr<int> TcpSocket::Port() const {
  sockaddr_in address{};
  socklen_t length = sizeof(address);
  if (getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &length) != 0) {
    return LastError("getsockname");
  }
  return ntohs(address.sin_port);
}

absl::StatusOr<TcpSocket> TcpSocket::Accept() const {
  TcpSocket connection(accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC));
  if (connection.fd_ < 0) return LastError("accept");
  const absl::Status status = SetNoDelay(connection.fd_);
  if (!status.ok()) return status;
  return connection;
}

absl::Status TcpSocket::Write(absl::Span<const std::byte> bytes) const {
  while (!bytes.empty()) {
    // A caller that has gone is an error to report, not a signal to die of.
    const ssize_t n = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return LastError("send");
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return absl::OkStatus();
}

absl::Status TcpSocket::Read(absl::Span<std::byte> bytes) const {
  while (!bytes.empty()) {
    const ssize_t n = recv(fd_, bytes.data(), bytes.size(), MSG_WAITALL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return LastError("recv");
    if (n == 0) return absl::UnavailableError("the other side has closed");
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return absl::OkStatus();
}

absl::StatusOr<int64_t> TcpSocket::ReadSome(absl::Span<std::byte> bytes) const {
  for (;;) {
    const ssize_t n = recv(fd_, bytes.data(), bytes.size(), 0);
    if (n >= 0) return n;
    if (errno != EINTR) return LastError("recv");
  }
}

}  // namespace emb::bench
