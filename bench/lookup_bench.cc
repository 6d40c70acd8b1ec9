// Rows per second and latency of lookups over one connection, closed loop.
//
//   ./dev bench
//
// or, against a server of your own:
//
//   build/release/bin/lookup_bench --server=HOST:PORT --admin=HOST:PORT
//
// Makes the table `bench` of 1,000,000 x 64 float32, asks for uniformly random
// ids, and drops it: one at a time by Lookup, then on a LookupStream with one,
// two and four requests in flight. A closed loop asks again when an answer is
// there: it shows what one caller gets, not what the server can do. CPU is that
// of this process, in seconds for a million rows.
#include <sys/resource.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <iostream>
#include <random>
#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/flags/usage.h"
#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "emb/client.h"
#include "emb/keep_freed_memory.h"

ABSL_FLAG(std::string, server, "", "Where lookups are answered.");
ABSL_FLAG(std::string, admin, "", "Where tables are administered.");
ABSL_FLAG(int64_t, rows, 1'000'000, "Rows of the table.");
ABSL_FLAG(int64_t, dim, 64, "Columns of the table.");
ABSL_FLAG(absl::Duration, duration, absl::Seconds(3),
          "Time for each number of ids, after a warm-up of a fifth of it.");
ABSL_FLAG(bool, keep_freed_memory, false,
          "Let malloc keep what it freed: emb/keep_freed_memory.h.");

namespace {

constexpr char kTable[] = "bench";

struct Figures {
  double rows_per_second = 0;
  absl::Duration p50;
  absl::Duration p99;
  double cpu_seconds_per_million_rows = 0;
};

// Of all threads of this process so far.
absl::Duration CpuTime() {
  rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  return absl::DurationFromTimeval(usage.ru_utime) +
         absl::DurationFromTimeval(usage.ru_stime);
}

// Sorts `latencies`. The smallest value that `share` of them do not exceed.
absl::Duration Percentile(std::vector<absl::Duration>& latencies,
                          double share) {
  std::sort(latencies.begin(), latencies.end());
  const auto index =
      static_cast<size_t>(share * static_cast<double>(latencies.size() - 1));
  return latencies[index];
}

// Random ids for many requests, so that drawing them costs the loop nothing.
std::vector<emb::LookupRequest> MakeRequests(int64_t ids_per_request) {
  constexpr int64_t kIdsInAll = 1 << 20;
  std::mt19937_64 random(1);
  std::uniform_int_distribution<int64_t> id(0, absl::GetFlag(FLAGS_rows) - 1);
  std::vector<emb::LookupRequest> requests(
      static_cast<size_t>(kIdsInAll / ids_per_request));
  for (emb::LookupRequest& request : requests) {
    emb::Feature feature;
    feature.table = kTable;
    feature.ids.resize(static_cast<size_t>(ids_per_request));
    for (int64_t& i : feature.ids) i = id(random);
    request.features.push_back(std::move(feature));
  }
  return requests;
}

// Asks until `duration` is over; keeps the latencies.
using Runner = std::function<absl::Status(
    const std::vector<emb::LookupRequest>& requests, absl::Duration duration,
    std::vector<absl::Duration>& latencies)>;

absl::Status RunUnary(const emb::Client& client,
                      const std::vector<emb::LookupRequest>& requests,
                      absl::Duration duration,
                      std::vector<absl::Duration>& latencies) {
  const absl::Time end = absl::Now() + duration;
  absl::Time now = absl::Now();
  for (size_t i = 0; now < end; ++i) {
    const absl::Time start = now;
    const auto result = client.Lookup(requests[i % requests.size()]);
    if (!result.ok()) return result.status();
    now = absl::Now();
    latencies.push_back(now - start);
  }
  return absl::OkStatus();
}

absl::Status RunStream(const emb::Client& client, size_t depth,
                       const std::vector<emb::LookupRequest>& requests,
                       absl::Duration duration,
                       std::vector<absl::Duration>& latencies) {
  const auto stream = client.OpenLookupStream();
  std::deque<absl::Time> starts;
  const absl::Time end = absl::Now() + duration;
  for (size_t i = 0; absl::Now() < end || !starts.empty();) {
    while (starts.size() < depth && absl::Now() < end) {
      starts.push_back(absl::Now());
      absl::Status status = stream->Send(requests[i++ % requests.size()]);
      if (!status.ok()) return status;
    }
    const auto result = stream->Receive();
    if (!result.ok()) return result.status();
    latencies.push_back(absl::Now() - starts.front());
    starts.pop_front();
  }
  return absl::OkStatus();
}

absl::StatusOr<Figures> Measure(const Runner& run, int64_t ids_per_request) {
  const auto requests = MakeRequests(ids_per_request);
  const absl::Duration duration = absl::GetFlag(FLAGS_duration);
  std::vector<absl::Duration> latencies;
  absl::Status status = run(requests, duration / 5, latencies);
  latencies.clear();
  const absl::Duration cpu_before = CpuTime();
  const absl::Time start = absl::Now();
  if (status.ok()) status = run(requests, duration, latencies);
  if (!status.ok()) return status;
  const double seconds = absl::ToDoubleSeconds(absl::Now() - start);
  const auto rows = static_cast<double>(latencies.size()) *
                    static_cast<double>(ids_per_request);
  return Figures{rows / seconds, Percentile(latencies, 0.5),
                 Percentile(latencies, 0.99),
                 absl::ToDoubleSeconds(CpuTime() - cpu_before) * 1e6 / rows};
}

absl::Status MeasureAll(const std::string& how, const Runner& run) {
  const int64_t dim = absl::GetFlag(FLAGS_dim);
  for (const int64_t ids : {64, 1'024, 8'192}) {
    const auto figures = Measure(run, ids);
    if (!figures.ok()) return figures.status();
    const double megabytes =
        figures->rows_per_second * static_cast<double>(dim * 4) / 1e6;
    std::cout << absl::StreamFormat(
                     "%-9s %6d %12.0f %10.0f %10.1f %10.1f %8.3f\n", how, ids,
                     figures->rows_per_second, megabytes,
                     absl::ToDoubleMicroseconds(figures->p50),
                     absl::ToDoubleMicroseconds(figures->p99),
                     figures->cpu_seconds_per_million_rows)
              << std::flush;
  }
  return absl::OkStatus();
}

absl::Status MeasureEveryWay(const emb::Client& client) {
  std::cout << absl::StreamFormat("%d x %d float32, one connection\n",
                                  absl::GetFlag(FLAGS_rows),
                                  absl::GetFlag(FLAGS_dim))
            << absl::StreamFormat("%-9s %6s %12s %10s %10s %10s %8s\n", "",
                                  "ids", "rows/s", "MB/s", "p50 us", "p99 us",
                                  "CPU s/M");
  using Requests = std::vector<emb::LookupRequest>;
  using Latencies = std::vector<absl::Duration>;
  absl::Status status =
      MeasureAll("unary", [&](const Requests& requests, absl::Duration duration,
                              Latencies& latencies) {
        return RunUnary(client, requests, duration, latencies);
      });
  for (const size_t depth : {1U, 2U, 4U}) {
    if (!status.ok()) break;
    status = MeasureAll(absl::StrFormat("stream %d", depth),
                        [&](const Requests& requests, absl::Duration duration,
                            Latencies& latencies) {
                          return RunStream(client, depth, requests, duration,
                                           latencies);
                        });
  }
  return status;
}

absl::Status Bench() {
  if (absl::GetFlag(FLAGS_keep_freed_memory)) {
    absl::Status kept = emb::KeepFreedMemory();
    if (!kept.ok()) return kept;
  }
  emb::ClientOptions options;
  options.server = absl::GetFlag(FLAGS_server);
  options.admin = absl::GetFlag(FLAGS_admin);
  const auto client = emb::Client::Connect(options);
  if (!client.ok()) return client.status();
  emb::TableOptions table;
  table.name = kTable;
  table.num_rows = absl::GetFlag(FLAGS_rows);
  table.dim = absl::GetFlag(FLAGS_dim);
  table.initializer.scheme = "xavier_uniform";
  const absl::Time start = absl::Now();
  const auto created = client->CreateTable(table);
  if (!created.ok()) return created.status();
  std::cout << absl::StreamFormat("created in %.2f s\n",
                                  absl::ToDoubleSeconds(absl::Now() - start));
  absl::Status status = MeasureEveryWay(*client);
  status.Update(client->DropTable(kTable));
  return status;
}

}  // namespace

int main(int argc, char** argv) {
  absl::SetProgramUsageMessage("Measures lookups over one connection.");
  absl::ParseCommandLine(argc, argv);
  const absl::Status status = Bench();
  if (status.ok()) return 0;
  std::cerr << "lookup_bench: " << status << "\n";
  return 1;
}
