// What peer_bench compares: servers that hold the same rows, each behind the
// same two classes. One more way to ask (a stream, another store) is one more
// pair of them.
//
// Fair: every peer gets its requests as the same spans of ids, has to bring
// each answer into one contiguous buffer of the caller's process, over TCP on
// the loopback, and is asked by one thread per connection wherever its client
// library lets one thread have several requests in flight.
#ifndef EMB_BENCH_PEERS_PEER_H_
#define EMB_BENCH_PEERS_PEER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"

namespace emb::bench {

constexpr int64_t kNumRows = 1'000'000;
constexpr int64_t kDim = 64;
constexpr int64_t kRowBytes = kDim * static_cast<int64_t>(sizeof(float));

// Uniformly random ids, drawn in advance so that drawing costs no peer
// anything. The same seed gives the same ids.
//
// Threads  Immutable.
class Workload {
 public:
  explicit Workload(int64_t ids_per_request);

  // Request i; they repeat after about a million ids.
  absl::Span<const int64_t> request(int64_t i) const;

 private:
  int64_t ids_per_request_;
  int64_t num_requests_;
  std::vector<int64_t> ids_;
};

// A closed loop: `depth` requests are in flight until `end`.
struct Loop {
  int64_t first_request = 0;
  int depth = 1;
  absl::Time end;
};

// One connection to a server.
//
// Threads  One thread.
class PeerConnection {
 public:
  virtual ~PeerConnection() = default;

  // One lookup: the rows of `ids` in their order, kRowBytes each.
  virtual absl::StatusOr<std::vector<std::byte>> Lookup(
      absl::Span<const int64_t> ids) = 0;

  // Runs the loop, waits for what is in flight at its end, and returns the
  // number of answers. Nothing of an answer is left out but reading it.
  virtual absl::StatusOr<int64_t> Run(const Workload& workload,
                                      const Loop& loop) = 0;
};

// A connection whose client library sends and receives separately.
class PipelinedConnection : public PeerConnection {
 public:
  absl::StatusOr<std::vector<std::byte>> Lookup(
      absl::Span<const int64_t> ids) final;
  absl::StatusOr<int64_t> Run(const Workload& workload, const Loop& loop) final;

 protected:
  // Sends a request at once, without waiting for an answer.
  virtual absl::Status Send(absl::Span<const int64_t> ids) = 0;
  // Waits for the answer to the oldest request, one of `num_ids` ids. The
  // rows are valid until the next call.
  virtual absl::StatusOr<absl::Span<const std::byte>> Receive(
      int64_t num_ids) = 0;
};

// A server that holds kNumRows rows.
class Peer {
 public:
  virtual ~Peer() = default;

  // At most six characters.
  virtual absl::string_view name() const = 0;
  virtual absl::StatusOr<std::unique_ptr<PeerConnection>> Connect() = 0;
  // Makes `rows` those of ids first_id, first_id + 1 and so on.
  virtual absl::Status Store(int64_t first_id,
                             absl::Span<const std::byte> rows) = 0;
};

}  // namespace emb::bench

#endif  // EMB_BENCH_PEERS_PEER_H_
