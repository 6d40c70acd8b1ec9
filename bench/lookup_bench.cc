// Rows per second and latency of lookups over one connection, closed loop.
//
//   ./dev bench
//
// or, against a server of your own:
//
//   build/release/bin/lookup_bench --server=HOST:PORT --admin=HOST:PORT
//
// Makes the table `bench` of 1,000,000 x 64 float32, asks for uniformly random
// ids, and drops it. A closed loop waits for each answer before it asks again:
// it shows what one caller gets, not what the server can do.
#include <algorithm>
#include <cstddef>
#include <cstdint>
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

ABSL_FLAG(std::string, server, "", "Where lookups are answered.");
ABSL_FLAG(std::string, admin, "", "Where tables are administered.");
ABSL_FLAG(int64_t, rows, 1'000'000, "Rows of the table.");
ABSL_FLAG(int64_t, dim, 64, "Columns of the table.");
ABSL_FLAG(absl::Duration, duration, absl::Seconds(3),
          "Time for each number of ids, after a warm-up of a fifth of it.");

namespace {

constexpr char kTable[] = "bench";

struct Figures {
  double rows_per_second = 0;
  absl::Duration p50;
  absl::Duration p99;
};

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

// Asks until `duration` is over; keeps the latencies if wanted.
absl::Status Run(const emb::Client& client,
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

absl::StatusOr<Figures> Measure(const emb::Client& client,
                                int64_t ids_per_request) {
  const auto requests = MakeRequests(ids_per_request);
  const absl::Duration duration = absl::GetFlag(FLAGS_duration);
  std::vector<absl::Duration> latencies;
  absl::Status status = Run(client, requests, duration / 5, latencies);
  latencies.clear();
  const absl::Time start = absl::Now();
  if (status.ok()) status = Run(client, requests, duration, latencies);
  if (!status.ok()) return status;
  const double seconds = absl::ToDoubleSeconds(absl::Now() - start);
  const auto rows = static_cast<double>(latencies.size()) *
                    static_cast<double>(ids_per_request);
  return Figures{rows / seconds, Percentile(latencies, 0.5),
                 Percentile(latencies, 0.99)};
}

absl::Status MeasureAll(const emb::Client& client) {
  const int64_t dim = absl::GetFlag(FLAGS_dim);
  std::cout << absl::StreamFormat("%d x %d float32, one connection, unary\n",
                                  absl::GetFlag(FLAGS_rows), dim)
            << absl::StreamFormat("%8s %12s %10s %10s %10s\n", "ids", "rows/s",
                                  "MB/s", "p50 us", "p99 us");
  for (const int64_t ids : {64, 1'024, 8'192}) {
    const auto figures = Measure(client, ids);
    if (!figures.ok()) return figures.status();
    const double megabytes =
        figures->rows_per_second * static_cast<double>(dim * 4) / 1e6;
    std::cout << absl::StreamFormat("%8d %12.0f %10.0f %10.1f %10.1f\n", ids,
                                    figures->rows_per_second, megabytes,
                                    absl::ToDoubleMicroseconds(figures->p50),
                                    absl::ToDoubleMicroseconds(figures->p99))
              << std::flush;
  }
  return absl::OkStatus();
}

absl::Status Bench() {
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
  absl::Status status = MeasureAll(*client);
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
