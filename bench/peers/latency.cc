#include "bench/peers/latency.h"

#include <functional>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "bench/peers/echo_client.h"
#include "bench/peers/peer.h"

namespace emb::bench {
namespace {

constexpr int64_t kIdsPerRequest = 64;

// Asks again when an answer is there; the median in microseconds.
absl::StatusOr<double> MedianMicroseconds(
    absl::Duration slice, const std::function<absl::Status()>& ask) {
  Series microseconds;
  absl::Time now = absl::Now();
  const absl::Time end = now + slice;
  while (now < end) {
    const absl::Time start = now;
    const absl::Status status = ask();
    if (!status.ok()) return status;
    now = absl::Now();
    microseconds.push_back(absl::ToDoubleMicroseconds(now - start));
  }
  return Median(std::move(microseconds));
}

}  // namespace

absl::Status MeasureLatency(const EmbTable& table, int echo_port,
                            const Pace& pace, NamedSeries& all) {
  const auto client = ConnectAlone(table.server);
  if (!client.ok()) return client.status();
  const Workload workload(kIdsPerRequest);
  LookupRequest request = RequestTo(table.name);
  int64_t next = 0;
  const auto look_up = [&]() -> absl::Status {
    const auto ids = workload.request(next++);
    request.features[0].ids.assign(ids.begin(), ids.end());
    const auto result = client->Lookup(request);
    if (!result.ok()) return result.status();
    return RowsOf(*result, ids.size()).status();
  };
  absl::Status status = look_up();
  if (!status.ok()) return status;
  const auto sizes = MeasureMessages(table.server, request);
  if (!sizes.ok()) return sizes.status();
  EchoClient echo(echo_port, *sizes);
  const auto series = TakeTurns(
      pace.num_rounds,
      {[&](int) { return MedianMicroseconds(pace.slice, look_up); },
       [&](int) {
         return MedianMicroseconds(pace.slice, [&] { return echo.Call(); });
       }});
  if (!series.ok()) return series.status();
  all["p50 unary"] = (*series)[0];
  all["p50 echo"] = (*series)[1];
  return absl::OkStatus();
}

}  // namespace emb::bench
