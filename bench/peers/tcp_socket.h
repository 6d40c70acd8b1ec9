// Blocking TCP on the loopback, and what the bare TCP program speaks over it.
//
// A request is a count (4 bytes, little-endian), then so many ids of 8 bytes;
// the answer is the rows of the ids, kRowBytes each, and nothing else. With
// kStore set in the count the rows follow the ids, and the answer is empty.
// An id outside the rows, or a count above kIdsMax, ends the connection.
#ifndef EMB_BENCH_PEERS_TCP_SOCKET_H_
#define EMB_BENCH_PEERS_TCP_SOCKET_H_

#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace emb::bench {

constexpr uint32_t kStore = uint32_t{1} << 31;
constexpr int64_t kIdsMax = 1 << 16;

// Owns     A file descriptor, closed at the end.
// Threads  One thread.
class TcpSocket {
 public:
  // Listens on a free port of 127.0.0.1.
  static absl::StatusOr<TcpSocket> Listen();
  // Connects to 127.0.0.1:`port`.
  static absl::StatusOr<TcpSocket> Connect(int port);

  TcpSocket(TcpSocket&& other) noexcept;
  TcpSocket& operator=(TcpSocket&&) = delete;
  ~TcpSocket();

  // Of a listening socket.
  absl::StatusOr<int> Port() const;
  absl::StatusOr<TcpSocket> Accept() const;

  // Writes all of `bytes`: in one system call unless a signal comes between.
  absl::Status Write(absl::Span<const std::byte> bytes) const;
  // Reads until `bytes` is full. UNAVAILABLE: the other side has closed.
  absl::Status Read(absl::Span<std::byte> bytes) const;
  // Reads what there is, at least one byte; 0: the other side has closed.
  absl::StatusOr<int64_t> ReadSome(absl::Span<std::byte> bytes) const;

 private:
  explicit TcpSocket(int fd) : fd_(fd) {}

  int fd_;
};

}  // namespace emb::bench

#endif  // EMB_BENCH_PEERS_TCP_SOCKET_H_
