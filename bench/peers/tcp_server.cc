// The bare TCP program: what a lookup costs when there is nothing but the
// rows and a socket. Prints its port, then answers until it is killed.
//
//   tcp_peer
//
// Fair, as a bound that leaves nothing to be had on this transport: rows lie
// in one flat array on huge pages, a request is one read, the rows are
// prefetched into one buffer, an answer is one write, each connection has a
// thread. It has no table names, no versions, no limits, no framing to parse
// and no error to answer with: the protocol is in tcp_socket.h. Requests may
// be pipelined.
#include <sys/mman.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "bench/peers/peer.h"
#include "bench/peers/tcp_socket.h"

namespace emb::bench {
namespace {

constexpr int64_t kHugePageBytes = int64_t{2} << 20;
// How many rows ahead of the copy are on their way from memory.
constexpr size_t kPrefetchRows = 12;
constexpr size_t kCacheLineBytes = 64;

// Zeroed, never freed: it lives as long as the process.
absl::StatusOr<std::byte*> MapRows() {
  constexpr int64_t kBytes = (kNumRows * kRowBytes + kHugePageBytes - 1) /
                             kHugePageBytes * kHugePageBytes;
  void* const rows = std::aligned_alloc(kHugePageBytes, kBytes);
  if (rows == nullptr) return absl::ResourceExhaustedError("rows");
  // Advice only: without huge pages it works, more slowly.
  madvise(rows, kBytes, MADV_HUGEPAGE);
  std::memset(rows, 0, kBytes);
  return static_cast<std::byte*>(rows);
}

void Gather(const std::byte* rows, absl::Span<const int64_t> ids,
            std::byte* out) {
  for (size_t i = 0; i < ids.size(); ++i) {
    if (i + kPrefetchRows < ids.size()) {
      const std::byte* const ahead = rows + ids[i + kPrefetchRows] * kRowBytes;
      for (size_t line = 0; line < kRowBytes; line += kCacheLineBytes) {
        __builtin_prefetch(ahead + line);
      }
    }
    std::memcpy(out + i * kRowBytes, rows + ids[i] * kRowBytes, kRowBytes);
  }
}

// One caller's requests, in their order.
class Session {
 public:
  Session(TcpSocket socket, std::byte* rows)
      : socket_(std::move(socket)), rows_(rows) {}

  // Answers until the caller closes.
  absl::Status Serve() {
    absl::Status status;
    while (status.ok()) status = ServeOne();
    return status;
  }

 private:
  absl::Status ServeOne() {
    uint32_t count = 0;
    absl::Status status = Take(&count, sizeof(count));
    if (!status.ok()) return status;
    const bool store = (count & kStore) != 0;
    ids_.resize(count & ~kStore);
    if (ids_.size() > kIdsMax) return absl::InvalidArgumentError("too many");
    status = Take(ids_.data(), ids_.size() * sizeof(int64_t));
    if (!status.ok()) return status;
    for (const int64_t id : ids_) {
      if (id < 0 || id >= kNumRows) return absl::OutOfRangeError("id");
    }
    return store ? TakeRows() : Answer();
  }

  absl::Status Answer() {
    answer_.resize(std::max(answer_.size(), ids_.size() * kRowBytes));
    Gather(rows_, ids_, answer_.data());
    return socket_.Write(
        absl::MakeConstSpan(answer_).first(ids_.size() * kRowBytes));
  }

  absl::Status TakeRows() {
    absl::Status status;
    for (const int64_t id : ids_) {
      status.Update(Take(rows_ + id * kRowBytes, kRowBytes));
    }
    return status;
  }

  // The next `size` bytes of the stream. Reads as much as there is, so that a
  // request costs one system call and several that wait cost no more.
  absl::Status Take(void* to, size_t size) {
    auto* out = static_cast<std::byte*>(to);
    while (size > 0) {
      if (begin_ == end_) {
        const auto n = socket_.ReadSome(absl::MakeSpan(input_));
        if (!n.ok()) return n.status();
        if (*n == 0) return absl::UnavailableError("the caller has closed");
        begin_ = 0;
        end_ = static_cast<size_t>(*n);
      }
      const size_t part = std::min(size, end_ - begin_);
      std::memcpy(out, input_.data() + begin_, part);
      begin_ += part;
      out += part;
      size -= part;
    }
    return absl::OkStatus();
  }

  TcpSocket socket_;
  std::byte* const rows_;
  // [begin_, end_) of input_ is read and not yet taken.
  std::vector<std::byte> input_ = std::vector<std::byte>(kIdsMax * 8 + 4);
  size_t begin_ = 0;
  size_t end_ = 0;
  std::vector<int64_t> ids_;
  std::vector<std::byte> answer_;
};

absl::Status Run() {
  const auto rows = MapRows();
  if (!rows.ok()) return rows.status();
  const auto listener = TcpSocket::Listen();
  if (!listener.ok()) return listener.status();
  const auto port = listener->Port();
  if (!port.ok()) return port.status();
  std::cout << *port << std::endl;
  for (;;) {
    auto socket = listener->Accept();
    if (!socket.ok()) return socket.status();
    std::thread([session = Session(*std::move(socket), *rows)]() mutable {
      const absl::Status status = session.Serve();
      if (!absl::IsUnavailable(status)) std::cerr << status << "\n";
    }).detach();
  }
}

}  // namespace
}  // namespace emb::bench

int main() {
  const absl::Status status = emb::bench::Run();
  std::cerr << "tcp_peer: " << status << "\n";
  return 1;
}
