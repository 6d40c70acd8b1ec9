#include "bench/peers/emb_peer.h"

#include <algorithm>
#include <numeric>
#include <thread>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "emb/client.h"

namespace emb::bench {
namespace {

absl::StatusOr<LookupResult> LookUp(const Client& client,
                                    absl::Span<const int64_t> ids,
                                    LookupRequest& request) {
  request.features[0].ids.assign(ids.begin(), ids.end());
  auto result = client.Lookup(request);
  if (!result.ok()) return result;
  const auto rows = RowsOf(*result, ids.size());
  if (!rows.ok()) return rows.status();
  return result;
}

class UnaryConnection final : public PeerConnection {
 public:
  UnaryConnection(Client client, std::string table)
      : client_(std::move(client)), table_(std::move(table)) {}

  absl::StatusOr<std::vector<std::byte>> Lookup(
      absl::Span<const int64_t> ids) override {
    LookupRequest request = RequestTo(table_);
    const auto result = LookUp(client_, ids, request);
    if (!result.ok()) return result.status();
    const absl::Span<const std::byte> rows = result->feature(0).bytes;
    return std::vector<std::byte>(rows.begin(), rows.end());
  }

  absl::StatusOr<int64_t> Run(const Workload& workload,
                              const Loop& loop) override {
    std::vector<absl::StatusOr<int64_t>> counts(
        static_cast<size_t>(loop.depth));
    std::vector<std::thread> others;
    for (int lane = 1; lane < loop.depth; ++lane) {
      others.emplace_back(
          [&, lane] { counts[lane] = RunLane(workload, loop, lane); });
    }
    counts[0] = RunLane(workload, loop, 0);
    for (std::thread& other : others) other.join();
    int64_t num_answered = 0;
    for (const absl::StatusOr<int64_t>& count : counts) {
      if (!count.ok()) return count.status();
      num_answered += *count;
    }
    return num_answered;
  }

 private:
  // One thread's share: every depth-th request.
  absl::StatusOr<int64_t> RunLane(const Workload& workload, const Loop& loop,
                                  int lane) const {
    LookupRequest request = RequestTo(table_);
    int64_t num_answered = 0;
    while (absl::Now() < loop.end) {
      const int64_t i = loop.first_request + num_answered * loop.depth + lane;
      const auto result = LookUp(client_, workload.request(i), request);
      if (!result.ok()) return result.status();
      ++num_answered;
    }
    return num_answered;
  }

  const Client client_;
  const std::string table_;
};

class StreamConnection final : public PipelinedConnection {
 public:
  StreamConnection(const Client& client, const std::string& table)
      : stream_(client.OpenLookupStream()), request_(RequestTo(table)) {}

 protected:
  absl::Status Send(absl::Span<const int64_t> ids) override {
    request_.features[0].ids.assign(ids.begin(), ids.end());
    return stream_->Send(request_);
  }

  absl::StatusOr<absl::Span<const std::byte>> Receive(
      int64_t num_ids) override {
    auto result = stream_->Receive();
    if (!result.ok()) return result.status();
    result_ = *std::move(result);
    return RowsOf(result_, static_cast<size_t>(num_ids));
  }

 private:
  const std::unique_ptr<LookupStream> stream_;
  LookupRequest request_;
  LookupResult result_;
};

// What both ways have in common.
class EmbPeer : public Peer {
 public:
  explicit EmbPeer(EmbTable table) : table_(std::move(table)) {}

  absl::Status Store(int64_t, absl::Span<const std::byte>) final {
    return absl::FailedPreconditionError("the table has its rows");
  }

 protected:
  const EmbTable& table() const { return table_; }

 private:
  const EmbTable table_;
};

class UnaryPeer final : public EmbPeer {
 public:
  using EmbPeer::EmbPeer;

  absl::string_view name() const override { return "unary"; }

  absl::StatusOr<std::unique_ptr<PeerConnection>> Connect() override {
    auto client = ConnectAlone(table().server);
    if (!client.ok()) return client.status();
    return std::make_unique<UnaryConnection>(*std::move(client), table().name);
  }
};

class StreamPeer final : public EmbPeer {
 public:
  using EmbPeer::EmbPeer;

  absl::string_view name() const override { return "stream"; }

  absl::StatusOr<std::unique_ptr<PeerConnection>> Connect() override {
    const auto client = ConnectAlone(table().server);
    if (!client.ok()) return client.status();
    return std::make_unique<StreamConnection>(*client, table().name);
  }
};

}  // namespace

std::unique_ptr<Peer> MakeUnaryPeer(const EmbTable& table) {
  return std::make_unique<UnaryPeer>(table);
}

std::unique_ptr<Peer> MakeStreamPeer(const EmbTable& table) {
  return std::make_unique<StreamPeer>(table);
}

absl::Status CopyRows(const EmbTable& table, absl::Span<Peer* const> peers) {
  constexpr int64_t kRowsPerLookup = 1 << 16;
  const auto client = ConnectAlone(table.server);
  if (!client.ok()) return client.status();
  LookupRequest request = RequestTo(table.name);
  for (int64_t first = 0; first < kNumRows; first += kRowsPerLookup) {
    std::vector<int64_t> ids(
        static_cast<size_t>(std::min(kRowsPerLookup, kNumRows - first)));
    std::iota(ids.begin(), ids.end(), first);
    const auto result = LookUp(*client, ids, request);
    if (!result.ok()) return result.status();
    for (Peer* const peer : peers) {
      absl::Status status = peer->Store(first, result->feature(0).bytes);
      if (!status.ok()) return status;
    }
  }
  return absl::OkStatus();
}

}  // namespace emb::bench
