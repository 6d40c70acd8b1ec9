// Lookups of the same rows from embedding-server, from Redis and from a bare
// TCP program that does nothing else: rows per second, their ratios, and the
// CPU time of the servers.
//
//   ./dev bench peers [--pin] [--quick] [--json]
//
// bench/peers/run.sh starts the three servers, each with 1,000,000 x 64
// float32, and makes the table; this program copies its rows into the other
// two, checks that all answer with the same bytes, and asks each in turn for
// the same random ids (measure.h). All run on one machine, over TCP on the
// loopback, and so does this program, on the same CPUs: rates contain the
// callers' work. "ours" are unary calls of emb::Client, so a depth of d takes
// d threads, while the others pipeline from one. Redis answers from one
// thread, which is how it comes.
#include <iostream>
#include <iterator>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/flags/usage.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "bench/peers/emb_peer.h"
#include "bench/peers/measure.h"
#include "bench/peers/redis_peer.h"
#include "bench/peers/report.h"
#include "bench/peers/tcp_client.h"
#include "bench/peers/tcp_socket.h"

ABSL_FLAG(std::string, server, "", "HOST:PORT of embedding-server.");
ABSL_FLAG(std::string, table, "peers", "Its table, of 1,000,000 x 64 float32.");
ABSL_FLAG(int, server_pid, 0, "Its process.");
ABSL_FLAG(int, redis_port, 0, "Port of an empty redis-server on 127.0.0.1.");
ABSL_FLAG(int, redis_pid, 0, "Its process.");
ABSL_FLAG(int, tcp_port, 0, "Port of a tcp_peer on 127.0.0.1.");
ABSL_FLAG(int, tcp_pid, 0, "Its process.");
ABSL_FLAG(absl::Duration, slice, absl::Milliseconds(700),
          "Time for one peer before it is another's turn.");
ABSL_FLAG(int, rounds, 5, "Slices of each peer in each cell.");
ABSL_FLAG(bool, quick, false, "Three rounds of 200 ms: about a minute in all.");
ABSL_FLAG(std::vector<std::string>, ids,
          std::vector<std::string>({"64", "1024", "8192"}),
          "Numbers of ids in a lookup.");
ABSL_FLAG(std::vector<std::string>, connections,
          std::vector<std::string>({"1", "4"}), "Numbers of connections.");
ABSL_FLAG(std::vector<std::string>, depths,
          std::vector<std::string>({"1", "2", "4"}),
          "Numbers of lookups in flight on a connection.");
ABSL_FLAG(bool, json, false, "Print JSON in place of the table.");

namespace emb::bench {
namespace {

constexpr int kConnectionsMax = 64;
// Requests in flight wait in the sockets' buffers while a server writes.
constexpr int kDepthMax = 4;

Pace PaceFromFlags() {
  if (absl::GetFlag(FLAGS_quick)) return {absl::Milliseconds(200), 3};
  return {absl::GetFlag(FLAGS_slice), absl::GetFlag(FLAGS_rounds)};
}

absl::StatusOr<std::vector<Contender>> Prepare() {
  const EmbTable table = {.server = absl::GetFlag(FLAGS_server),
                          .name = absl::GetFlag(FLAGS_table)};
  std::vector<Contender> contenders(3);
  contenders[0].peer = MakeUnaryPeer(table);
  contenders[0].server_pid = absl::GetFlag(FLAGS_server_pid);
  contenders[1].peer = MakeRedisPeer(absl::GetFlag(FLAGS_redis_port));
  contenders[1].server_pid = absl::GetFlag(FLAGS_redis_pid);
  contenders[1].is_reference = true;
  contenders[2].peer = MakeTcpPeer(absl::GetFlag(FLAGS_tcp_port));
  contenders[2].server_pid = absl::GetFlag(FLAGS_tcp_pid);
  contenders[2].is_reference = true;
  const absl::Status status =
      CopyRows(table, {contenders[1].peer.get(), contenders[2].peer.get()});
  if (!status.ok()) return status;
  return contenders;
}

// Opens what the cell needs; what is open stays so for the next one.
absl::Status Connect(const Cell& cell, std::vector<Contender>& contenders) {
  for (Contender& contender : contenders) {
    while (std::ssize(contender.connections) < cell.num_connections) {
      auto connection = contender.peer->Connect();
      if (!connection.ok()) return connection.status();
      contender.connections.push_back(*std::move(connection));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<int>> ParseCounts(
    const std::vector<std::string>& texts, int max) {
  std::vector<int> counts;
  for (const std::string& text : texts) {
    int count = 0;
    if (!absl::SimpleAtoi(text, &count) || count < 1 || count > max) {
      return absl::InvalidArgumentError(
          absl::StrCat("\"", text, "\", want 1 to ", max));
    }
    counts.push_back(count);
  }
  return counts;
}

absl::StatusOr<std::vector<Cell>> CellsFromFlags() {
  const auto ids = ParseCounts(absl::GetFlag(FLAGS_ids), kIdsMax);
  const auto connections =
      ParseCounts(absl::GetFlag(FLAGS_connections), kConnectionsMax);
  const auto depths = ParseCounts(absl::GetFlag(FLAGS_depths), kDepthMax);
  for (const auto* counts : {&ids, &connections, &depths}) {
    if (!counts->ok()) return counts->status();
  }
  std::vector<Cell> cells;
  for (const int num_ids : *ids) {
    for (const int num_connections : *connections) {
      for (const int depth : *depths) {
        cells.push_back({num_ids, num_connections, depth});
      }
    }
  }
  return cells;
}

absl::Status Bench() {
  const auto cells = CellsFromFlags();
  if (!cells.ok()) return cells.status();
  auto contenders = Prepare();
  if (!contenders.ok()) return contenders.status();
  const Pace pace = PaceFromFlags();
  const Report report(*contenders);
  const bool json = absl::GetFlag(FLAGS_json);
  if (!json) std::cout << report.TableHead() << std::flush;
  std::vector<CellReport> reports;
  for (const Cell& cell : *cells) {
    absl::Status status = Connect(cell, *contenders);
    if (!status.ok()) return status;
    auto figures = Measure(cell, pace, *contenders);
    if (!figures.ok()) return figures.status();
    reports.push_back({cell, *std::move(figures)});
    if (!json) std::cout << report.TableRow(reports.back()) << std::flush;
  }
  if (json) std::cout << report.Json(pace, reports);
  return absl::OkStatus();
}

}  // namespace
}  // namespace emb::bench

int main(int argc, char** argv) {
  absl::SetProgramUsageMessage(
      "Compares lookups with Redis and bare TCP; see bench/peers/run.sh.");
  absl::ParseCommandLine(argc, argv);
  const absl::Status status = emb::bench::Bench();
  if (status.ok()) return 0;
  std::cerr << "peer_bench: " << status << "\n";
  return 1;
}
