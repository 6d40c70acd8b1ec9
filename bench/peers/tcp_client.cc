#include "bench/peers/tcp_client.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <utility>
#include <vector>

#include "bench/peers/tcp_socket.h"

namespace emb::bench {
namespace {

class TcpConnection final : public PipelinedConnection {
 public:
  explicit TcpConnection(TcpSocket socket) : socket_(std::move(socket)) {}

  absl::Status Store(absl::Span<const int64_t> ids,
                     absl::Span<const std::byte> rows) {
    const absl::Status status = Write(ids, kStore);
    return status.ok() ? socket_.Write(rows) : status;
  }

 protected:
  // The server reads only between answers. What it has not read waits in the
  // socket's buffers, which hold the few requests of a loop.
  absl::Status Send(absl::Span<const int64_t> ids) override {
    return Write(ids, 0);
  }

  absl::StatusOr<absl::Span<const std::byte>> Receive(
      int64_t num_ids) override {
    const auto bytes = static_cast<size_t>(num_ids * kRowBytes);
    answer_.resize(std::max(answer_.size(), bytes));
    const auto rows = absl::MakeSpan(answer_).first(bytes);
    const absl::Status status = socket_.Read(rows);
    if (!status.ok()) return status;
    return rows;
  }

 private:
  absl::Status Write(absl::Span<const int64_t> ids, uint32_t flags) {
    const uint32_t count = static_cast<uint32_t>(ids.size()) | flags;
    const size_t id_bytes = ids.size() * sizeof(int64_t);
    request_.resize(sizeof(count) + id_bytes);
    std::memcpy(request_.data(), &count, sizeof(count));
    std::memcpy(request_.data() + sizeof(count), ids.data(), id_bytes);
    return socket_.Write(request_);
  }

  const TcpSocket socket_;
  std::vector<std::byte> request_;
  std::vector<std::byte> answer_;
};

class TcpPeer final : public Peer {
 public:
  explicit TcpPeer(int port) : port_(port) {}

  absl::string_view name() const override { return "tcp"; }

  absl::StatusOr<std::unique_ptr<PeerConnection>> Connect() override {
    auto socket = TcpSocket::Connect(port_);
    if (!socket.ok()) return socket.status();
    return std::make_unique<TcpConnection>(*std::move(socket));
  }

  absl::Status Store(int64_t first_id,
                     absl::Span<const std::byte> rows) override {
    auto socket = TcpSocket::Connect(port_);
    if (!socket.ok()) return socket.status();
    TcpConnection connection(*std::move(socket));
    std::vector<int64_t> ids(rows.size() / kRowBytes);
    std::iota(ids.begin(), ids.end(), first_id);
    const absl::Status status = connection.Store(ids, rows);
    // An answer means that the server has taken everything before it.
    return status.ok() ? connection.Lookup({first_id}).status() : status;
  }

 private:
  const int port_;
};

}  // namespace

std::unique_ptr<Peer> MakeTcpPeer(int port) {
  return std::make_unique<TcpPeer>(port);
}

}  // namespace emb::bench
