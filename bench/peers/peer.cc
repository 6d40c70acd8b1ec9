#include "bench/peers/peer.h"

#include <random>

#include "absl/time/clock.h"

namespace emb::bench {
namespace {

constexpr int64_t kIdsInAll = 1 << 20;

}  // namespace

Workload::Workload(int64_t ids_per_request)
    : ids_per_request_(ids_per_request),
      num_requests_(kIdsInAll / ids_per_request),
      ids_(static_cast<size_t>(num_requests_ * ids_per_request)) {
  std::mt19937_64 random(1);
  std::uniform_int_distribution<int64_t> id(0, kNumRows - 1);
  for (int64_t& i : ids_) i = id(random);
}

absl::Span<const int64_t> Workload::request(int64_t i) const {
  const int64_t begin = i % num_requests_ * ids_per_request_;
  return absl::MakeConstSpan(ids_).subspan(
      static_cast<size_t>(begin), static_cast<size_t>(ids_per_request_));
}

absl::StatusOr<std::vector<std::byte>> PipelinedConnection::Lookup(
    absl::Span<const int64_t> ids) {
  const absl::Status status = Send(ids);
  if (!status.ok()) return status;
  const auto rows = Receive(static_cast<int64_t>(ids.size()));
  if (!rows.ok()) return rows.status();
  return std::vector<std::byte>(rows->begin(), rows->end());
}

absl::StatusOr<int64_t> PipelinedConnection::Run(const Workload& workload,
                                                 const Loop& loop) {
  const auto num_ids = static_cast<int64_t>(workload.request(0).size());
  int64_t num_sent = 0;
  int64_t num_answered = 0;
  for (;;) {
    const bool over = absl::Now() >= loop.end;
    while (!over && num_sent - num_answered < loop.depth) {
      const absl::Status status =
          Send(workload.request(loop.first_request + num_sent));
      if (!status.ok()) return status;
      ++num_sent;
    }
    if (num_sent == num_answered) return num_answered;
    const auto rows = Receive(num_ids);
    if (!rows.ok()) return rows.status();
    ++num_answered;
  }
}

}  // namespace emb::bench
