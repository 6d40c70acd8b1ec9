#include "bench/peers/bags.h"

#include <algorithm>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "bench/peers/peer.h"

namespace emb::bench {
namespace {

constexpr int64_t kIdsPerBag = 32;

// Sums of kDim floats, one after another, into the buffer that it is given.
using Sums = std::vector<float>;
using Ask =
    std::function<absl::Status(absl::Span<const int64_t> ids, Sums& sums)>;

// Rows of one bag, one after another; compiled with vectors of four and more.
void AddUp(const float* rows, float* __restrict sum) {
  std::fill_n(sum, kDim, 0.0F);
  for (int64_t i = 0; i < kIdsPerBag; ++i) {
    for (int64_t column = 0; column < kDim; ++column) {
      sum[column] += rows[i * kDim + column];
    }
  }
}

class BagClient {
 public:
  BagClient(Client client, const std::string& table, int64_t num_bags)
      : client_(std::move(client)),
        rows_request_(RequestTo(table)),
        bags_request_(rows_request_) {
    bags_request_.features[0].combine = Pool{Pool::Mode::kSum, {}};
    bags_request_.features[0].shape = DenseShape{{num_bags, kIdsPerBag}};
  }

  absl::Status PooledByServer(absl::Span<const int64_t> ids, Sums& sums) {
    bags_request_.features[0].ids.assign(ids.begin(), ids.end());
    const auto result = client_.Lookup(bags_request_);
    if (!result.ok()) return result.status();
    const auto bags = RowsOf(*result, ids.size() / kIdsPerBag);
    if (!bags.ok()) return bags.status();
    const absl::Span<const float> values = result->feature(0).values();
    std::copy(values.begin(), values.end(), sums.begin());
    return absl::OkStatus();
  }

  absl::Status PooledByCaller(absl::Span<const int64_t> ids, Sums& sums) {
    rows_request_.features[0].ids.assign(ids.begin(), ids.end());
    const auto result = client_.Lookup(rows_request_);
    if (!result.ok()) return result.status();
    const auto rows = RowsOf(*result, ids.size());
    if (!rows.ok()) return rows.status();
    const float* const values = result->feature(0).values().data();
    for (size_t bag = 0; bag < ids.size() / kIdsPerBag; ++bag) {
      AddUp(values + bag * kIdsPerBag * kDim, sums.data() + bag * kDim);
    }
    return absl::OkStatus();
  }

 private:
  const Client client_;
  LookupRequest rows_request_;
  LookupRequest bags_request_;
};

// One slice: bags per second.
absl::StatusOr<double> RunSlice(const Workload& workload, absl::Duration slice,
                                int round, const Ask& ask, Sums& sums) {
  constexpr int64_t kRequestsPerRound = 1'009;
  const absl::Time start = absl::Now();
  int64_t num_answered = 0;
  while (absl::Now() < start + slice) {
    const absl::Status status =
        ask(workload.request(round * kRequestsPerRound + num_answered), sums);
    if (!status.ok()) return status;
    ++num_answered;
  }
  const int64_t num_bags =
      num_answered * static_cast<int64_t>(sums.size()) / kDim;
  return static_cast<double>(num_bags) /
         absl::ToDoubleSeconds(absl::Now() - start);
}

absl::Status MeasureBagsOf(int64_t num_bags, const EmbTable& table,
                           const Pace& pace, NamedSeries& all) {
  auto client = ConnectAlone(table.server);
  if (!client.ok()) return client.status();
  BagClient bags(*std::move(client), table.name, num_bags);
  const Workload workload(num_bags * kIdsPerBag);
  const auto by_server = [&](absl::Span<const int64_t> ids, Sums& sums) {
    return bags.PooledByServer(ids, sums);
  };
  const auto by_caller = [&](absl::Span<const int64_t> ids, Sums& sums) {
    return bags.PooledByCaller(ids, sums);
  };
  Sums from_server(static_cast<size_t>(num_bags * kDim));
  Sums from_caller(from_server.size());
  absl::Status status = by_server(workload.request(0), from_server);
  status.Update(by_caller(workload.request(0), from_caller));
  if (!status.ok()) return status;
  if (from_server != from_caller) {
    return absl::DataLossError("sums of the server and the caller differ");
  }
  const auto series = TakeTurns(
      pace.num_rounds,
      {[&](int round) {
         return RunSlice(workload, pace.slice, round, by_server, from_server);
       },
       [&](int round) {
         return RunSlice(workload, pace.slice, round, by_caller, from_caller);
       }});
  if (!series.ok()) return series.status();
  all[absl::StrCat("bags/s ", num_bags, " server")] = (*series)[0];
  all[absl::StrCat("bags/s ", num_bags, " caller")] = (*series)[1];
  return absl::OkStatus();
}

}  // namespace

absl::Status MeasureBags(const EmbTable& table, const Pace& pace,
                         NamedSeries& all) {
  for (const int64_t num_bags : {32, 256}) {
    absl::Status status = MeasureBagsOf(num_bags, table, pace, all);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace emb::bench
