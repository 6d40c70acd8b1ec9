// Measures peers against each other: short slices of time, each peer in turn.
//
// Fair: within a round every peer gets one slice of the same length for each
// depth, with the same requests, right after the others, and each round begins
// with another. Whatever else the machine does, it does to all; ratios are
// taken within a round, and medians over rounds.
#ifndef EMB_BENCH_PEERS_MEASURE_H_
#define EMB_BENCH_PEERS_MEASURE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "bench/peers/peer.h"
#include "bench/peers/series.h"

namespace emb::bench {

// A peer, the process that answers for it, and the connections to it.
struct Contender {
  std::unique_ptr<Peer> peer;
  int server_pid = 0;
  bool is_reference = false;  // The others are compared with it.
  std::vector<std::unique_ptr<PeerConnection>> connections;
};

// What is asked, and how.
struct Cell {
  int64_t ids_per_request = 0;
  int num_connections = 0;
  std::vector<int> depths;  // Requests in flight on each connection.
};

struct Pace {
  absl::Duration slice;
  int num_rounds = 0;
};

// One contender at one depth of a cell.
struct Figures {
  Series rows_per_second;
  // User and system time of the server; of all threads of this process.
  double server_cpu_per_million_rows = 0;  // Seconds.
  double client_cpu_per_million_rows = 0;  // Seconds.
};

struct CellFigures {
  Cell cell;
  // [place in cell.depths][contender]
  std::vector<std::vector<Figures>> by_depth;
};

// Errors   DATA_LOSS  the first answers of two contenders differ.
// REQUIRES: each contender has cell.num_connections connections or more.
absl::StatusOr<CellFigures> Measure(const Cell& cell, const Pace& pace,
                                    absl::Span<const Contender> contenders);

// Adds "rows/s IDS x CONNECTIONS NAME DEPTH" and "server CPU ..." of each.
void AddTo(NamedSeries& all, const CellFigures& figures,
           absl::Span<const Contender> contenders);

}  // namespace emb::bench

#endif  // EMB_BENCH_PEERS_MEASURE_H_
