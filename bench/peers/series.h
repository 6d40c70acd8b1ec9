// Figures taken in turns, by name: what goals are judged by.
#ifndef EMB_BENCH_PEERS_SERIES_H_
#define EMB_BENCH_PEERS_SERIES_H_

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace emb::bench {

// A figure's values, one a round. Two series of one measurement have the same
// rounds, so that ratios can be taken within each.
using Series = std::vector<double>;
using NamedSeries = std::map<std::string, Series>;

// REQUIRES: series is not empty.
double Median(Series series);

// Round by round. REQUIRES: the sizes are equal.
Series Ratios(absl::Span<const double> dividends,
              absl::Span<const double> divisors);

// What is done in one turn, and the figure it gives.
using Turn = std::function<absl::StatusOr<double>(int round)>;

// Runs every turn once a round, right after each other, and each round begins
// with another: whatever else the machine does, it does to all. Returns the
// series of each, in their order.
//
// Errors   The first of a turn.
absl::StatusOr<std::vector<Series>> TakeTurns(int num_rounds,
                                              absl::Span<const Turn> turns);

}  // namespace emb::bench

#endif  // EMB_BENCH_PEERS_SERIES_H_
