#include "bench/peers/measure.h"

#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "bench/peers/process.h"

namespace emb::bench {
namespace {

// Sums over the rounds: the kernel counts a process in steps of 10 ms.
struct Totals {
  int64_t num_rows = 0;
  double server_cpu_seconds = 0;
  double client_cpu_seconds = 0;
};

// One contender at one depth, over all rounds.
class Lane {
 public:
  Lane(const Cell& cell, int depth, const Workload& workload,
       const Contender& contender)
      : cell_(cell),
        depth_(depth),
        workload_(workload),
        contender_(contender) {}

  // One slice: rows per second.
  absl::StatusOr<double> Run(absl::Duration slice, int round) {
    // Not the rows of the round before, which a cache may still hold.
    constexpr int64_t kRequestsPerRound = 1'009;
    const auto server_before = CpuSecondsOf(contender_.server_pid);
    if (!server_before.ok()) return server_before.status();
    const double client_before = OwnCpuSeconds();
    const absl::Time start = absl::Now();
    const auto num_answered =
        RunConnections(round * kRequestsPerRound, start + slice);
    if (!num_answered.ok()) return num_answered.status();
    const absl::Duration elapsed = absl::Now() - start;
    const auto server_after = CpuSecondsOf(contender_.server_pid);
    if (!server_after.ok()) return server_after.status();
    const int64_t num_rows = *num_answered * cell_.ids_per_request;
    totals_.num_rows += num_rows;
    totals_.server_cpu_seconds += *server_after - *server_before;
    totals_.client_cpu_seconds += OwnCpuSeconds() - client_before;
    return static_cast<double>(num_rows) / absl::ToDoubleSeconds(elapsed);
  }

  Figures Finish(Series rows_per_second) const {
    const double millions = static_cast<double>(totals_.num_rows) / 1e6;
    return {std::move(rows_per_second), totals_.server_cpu_seconds / millions,
            totals_.client_cpu_seconds / millions};
  }

 private:
  // The answers of all connections, one thread for each.
  absl::StatusOr<int64_t> RunConnections(int64_t first_request,
                                         absl::Time end) const {
    // Connections begin far apart in the workload: none warms the cache for
    // another.
    constexpr int64_t kRequestsApart = 4'001;
    std::vector<absl::StatusOr<int64_t>> counts(
        static_cast<size_t>(cell_.num_connections));
    std::vector<std::thread> threads;
    threads.reserve(counts.size());
    for (int i = 0; i < cell_.num_connections; ++i) {
      threads.emplace_back([&, i] {
        counts[i] = contender_.connections[i]->Run(
            workload_, {.first_request = first_request + i * kRequestsApart,
                        .depth = depth_,
                        .end = end});
      });
    }
    for (std::thread& thread : threads) thread.join();
    int64_t num_answered = 0;
    for (const absl::StatusOr<int64_t>& count : counts) {
      if (!count.ok()) return count.status();
      num_answered += *count;
    }
    return num_answered;
  }

  const Cell& cell_;
  const int depth_;
  const Workload& workload_;
  const Contender& contender_;
  Totals totals_;
};

// The first answer on every connection that the cell will use.
absl::Status CheckAnswers(const Cell& cell, const Workload& workload,
                          absl::Span<const Contender> contenders) {
  std::vector<std::byte> expected;
  for (const Contender& contender : contenders) {
    for (int i = 0; i < cell.num_connections; ++i) {
      const auto rows = contender.connections[i]->Lookup(workload.request(0));
      if (!rows.ok()) return rows.status();
      if (expected.empty()) expected = *rows;
      if (*rows != expected) {
        return absl::DataLossError(
            absl::StrCat("the rows of ", contender.peer->name(), " and ",
                         contenders[0].peer->name(), " differ"));
      }
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<CellFigures> Measure(const Cell& cell, const Pace& pace,
                                    absl::Span<const Contender> contenders) {
  const Workload workload(cell.ids_per_request);
  const absl::Status status = CheckAnswers(cell, workload, contenders);
  if (!status.ok()) return status;
  std::vector<Lane> lanes;
  for (const int depth : cell.depths) {
    for (const Contender& contender : contenders) {
      lanes.emplace_back(cell, depth, workload, contender);
    }
  }
  std::vector<Turn> turns;
  turns.reserve(lanes.size());
  for (Lane& lane : lanes) {
    turns.emplace_back([&](int round) { return lane.Run(pace.slice, round); });
  }
  auto rates = TakeTurns(pace.num_rounds, turns);
  if (!rates.ok()) return rates.status();
  CellFigures figures = {cell, {}};
  figures.by_depth.resize(cell.depths.size());
  for (size_t i = 0; i < lanes.size(); ++i) {
    figures.by_depth[i / contenders.size()].push_back(
        lanes[i].Finish(std::move((*rates)[i])));
  }
  return figures;
}

void AddTo(NamedSeries& all, const CellFigures& figures,
           absl::Span<const Contender> contenders) {
  const Cell& cell = figures.cell;
  for (size_t i = 0; i < cell.depths.size(); ++i) {
    for (size_t j = 0; j < contenders.size(); ++j) {
      const std::string lane =
          absl::StrCat(cell.ids_per_request, " x ", cell.num_connections, " ",
                       contenders[j].peer->name(), " ", cell.depths[i]);
      const Figures& lane_figures = figures.by_depth[i][j];
      all[absl::StrCat("rows/s ", lane)] = lane_figures.rows_per_second;
      all[absl::StrCat("server CPU ", lane)] = {
          lane_figures.server_cpu_per_million_rows};
    }
  }
}

}  // namespace emb::bench
