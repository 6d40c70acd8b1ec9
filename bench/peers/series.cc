#include "bench/peers/series.h"

#include <algorithm>

namespace emb::bench {

double Median(Series series) {
  std::sort(series.begin(), series.end());
  const size_t middle = series.size() / 2;
  if (series.size() % 2 == 1) return series[middle];
  return (series[middle - 1] + series[middle]) / 2;
}

Series Ratios(absl::Span<const double> dividends,
              absl::Span<const double> divisors) {
  Series ratios;
  for (size_t round = 0; round < dividends.size(); ++round) {
    ratios.push_back(dividends[round] / divisors[round]);
  }
  return ratios;
}

absl::StatusOr<std::vector<Series>> TakeTurns(int num_rounds,
                                              absl::Span<const Turn> turns) {
  std::vector<Series> series(turns.size());
  for (int round = 0; round < num_rounds; ++round) {
    for (size_t i = 0; i < turns.size(); ++i) {
      const size_t turn = (round + i) % turns.size();
      const auto figure = turns[turn](round);
      if (!figure.ok()) return figure.status();
      series[turn].push_back(*figure);
    }
  }
  return series;
}

}  // namespace emb::bench
