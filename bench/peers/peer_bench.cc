// embedding-server beside others, and how far it is from its goals (goals.cc):
// lookups of the same rows from it, from Redis and from a bare TCP program;
// small lookups beside a gRPC echo; bags pooled by it or by the caller; its
// memory. Kernels and restarts are measured by kernels.py and restart.sh.
//
//   ./dev bench peers [--pin] [--quick] [--json]
//
// bench/peers/run.sh starts the servers and makes the table of 1,000,000 x 64
// float32; this program copies its rows into Redis and TCP, checks that all
// answer with the same bytes, and asks each in turn for the same random ids
// (measure.h). All run on one machine, over TCP on the loopback, and so does
// this program, on the same CPUs: rates contain the callers' work. "unary" are
// calls of emb::Client, so a depth of d takes d threads, while the others
// pipeline from one. Redis answers from one thread, which is how it comes.
//
// A goal that is missed is a result. The exit status is that of an error only
// when something could not be measured.
#include <algorithm>
#include <iostream>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/flags/commandlineflag.h"
#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/flags/reflection.h"
#include "absl/flags/usage.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "bench/peers/bags.h"
#include "bench/peers/emb_peer.h"
#include "bench/peers/figures_file.h"
#include "bench/peers/goals.h"
#include "bench/peers/latency.h"
#include "bench/peers/measure.h"
#include "bench/peers/process.h"
#include "bench/peers/redis_peer.h"
#include "bench/peers/report.h"
#include "bench/peers/series.h"
#include "bench/peers/tcp_client.h"
#include "bench/peers/tcp_socket.h"

ABSL_FLAG(std::string, server, "", "HOST:PORT of embedding-server.");
ABSL_FLAG(std::string, table, "peers", "Its table, of 1,000,000 x 64 float32.");
ABSL_FLAG(int, server_pid, 0, "Its process.");
ABSL_FLAG(int, redis_port, 0, "Port of an empty redis-server on 127.0.0.1.");
ABSL_FLAG(int, redis_pid, 0, "Its process.");
ABSL_FLAG(int, tcp_port, 0, "Port of a tcp_peer on 127.0.0.1.");
ABSL_FLAG(int, tcp_pid, 0, "Its process.");
ABSL_FLAG(int, echo_port, 0, "Port of an echo_peer on 127.0.0.1.");
ABSL_FLAG(std::vector<std::string>, figures, {},
          "Files of what kernels.py and restart.sh have measured.");
ABSL_FLAG(absl::Duration, slice, absl::Milliseconds(700),
          "Time for one peer before it is another's turn.");
ABSL_FLAG(int, rounds, 5, "Slices of each peer in each cell.");
ABSL_FLAG(bool, quick, false,
          "Three rounds of 200 ms: about two minutes in all.");
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

EmbTable TableFromFlags() {
  return {.server = absl::GetFlag(FLAGS_server),
          .name = absl::GetFlag(FLAGS_table)};
}

absl::StatusOr<std::vector<Contender>> Prepare() {
  const EmbTable table = TableFromFlags();
  std::vector<Contender> contenders(4);
  contenders[0].peer = MakeUnaryPeer(table);
  contenders[0].server_pid = absl::GetFlag(FLAGS_server_pid);
  contenders[1].peer = MakeStreamPeer(table);
  contenders[1].server_pid = contenders[0].server_pid;
  contenders[2].peer = MakeRedisPeer(absl::GetFlag(FLAGS_redis_port));
  contenders[2].server_pid = absl::GetFlag(FLAGS_redis_pid);
  contenders[2].is_reference = true;
  contenders[3].peer = MakeTcpPeer(absl::GetFlag(FLAGS_tcp_port));
  contenders[3].server_pid = absl::GetFlag(FLAGS_tcp_pid);
  contenders[3].is_reference = true;
  const absl::Status status =
      CopyRows(table, {contenders[2].peer.get(), contenders[3].peer.get()});
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
      cells.push_back({num_ids, num_connections, *depths});
    }
  }
  return cells;
}

// For people as it comes; not at all where JSON is wanted.
void Show(const std::string& text) {
  if (!absl::GetFlag(FLAGS_json)) std::cout << text << std::flush;
}

absl::StatusOr<std::vector<CellFigures>> MeasureCells(
    absl::Span<const Cell> cells, const Pace& pace, const Report& report,
    std::vector<Contender>& contenders) {
  Show(report.RateHead());
  std::vector<CellFigures> all;
  for (const Cell& cell : cells) {
    absl::Status status = Connect(cell, contenders);
    if (!status.ok()) return status;
    auto figures = Measure(cell, pace, contenders);
    if (!figures.ok()) return figures.status();
    Show(report.RateRows(*figures));
    all.push_back(*std::move(figures));
  }
  Show("\n" + report.CpuTable(all));
  return all;
}

// Memory of the server, which has just made the table or answered lookups.
absl::Status AddMemory(NamedSeries& all) {
  constexpr auto kRawBytes = static_cast<double>(kNumRows * kRowBytes);
  const auto bytes = ResidentBytesOf(absl::GetFlag(FLAGS_server_pid));
  if (!bytes.ok()) return bytes.status();
  // The most there was counts.
  Series& most = all["memory bytes"];
  most = {std::max(most.empty() ? 0 : most[0], static_cast<double>(*bytes))};
  all["memory bytes allowed"] = {1.05 * kRawBytes + (256 << 20)};
  return absl::OkStatus();
}

bool IsDefault(absl::string_view flag) {
  const absl::CommandLineFlag& found = *absl::FindCommandLineFlag(flag);
  return found.CurrentValue() == found.DefaultValue();
}

// Goals whose cells the flags leave out.
void LeaveOutCells(const NamedSeries& all,
                   std::map<std::string, std::string>& left_out) {
  if (IsDefault("ids") && IsDefault("connections") && IsDefault("depths")) {
    return;
  }
  for (const Goal& goal : Goals()) {
    for (const absl::string_view name : {goal.ours, goal.theirs}) {
      const bool is_of_cell = absl::StartsWith(name, "rows/s") ||
                              absl::StartsWith(name, "server CPU");
      if (is_of_cell && !all.contains(std::string(name))) {
        left_out[std::string(name)] = "by the flags";
      }
    }
  }
}

absl::Status Bench() {
  const auto cells = CellsFromFlags();
  if (!cells.ok()) return cells.status();
  NamedSeries others;
  std::map<std::string, std::string> left_out;
  absl::Status status;
  for (const std::string& path : absl::GetFlag(FLAGS_figures)) {
    status.Update(ReadFigures(path, others, left_out));
  }
  status.Update(AddMemory(others));
  if (!status.ok()) return status;
  auto contenders = Prepare();
  if (!contenders.ok()) return contenders.status();
  const EmbTable table = TableFromFlags();
  const Pace pace = PaceFromFlags();
  const Report report(*contenders);
  const auto figures = MeasureCells(*cells, pace, report, *contenders);
  if (!figures.ok()) return figures.status();
  status.Update(AddMemory(others));
  status.Update(
      MeasureLatency(table, absl::GetFlag(FLAGS_echo_port), pace, others));
  status.Update(MeasureBags(table, pace, others));
  if (!status.ok()) return status;
  Show("\n" + Report::OtherTable(others));
  NamedSeries all = others;
  for (const CellFigures& cell : *figures) AddTo(all, cell, *contenders);
  LeaveOutCells(all, left_out);
  const auto verdicts = Judge(all, left_out);
  if (!verdicts.ok()) return verdicts.status();
  Show("\n" + VerdictTable(*verdicts));
  if (absl::GetFlag(FLAGS_json)) {
    std::cout << report.Json(pace, *figures, others, *verdicts);
  }
  return absl::OkStatus();
}

}  // namespace
}  // namespace emb::bench

int main(int argc, char** argv) {
  absl::SetProgramUsageMessage(
      "Measures embedding-server beside others; see bench/peers/run.sh.");
  absl::ParseCommandLine(argc, argv);
  const absl::Status status = emb::bench::Bench();
  if (status.ok()) return 0;
  std::cerr << "peer_bench: " << status << "\n";
  return 1;
}
