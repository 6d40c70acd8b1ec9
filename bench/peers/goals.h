// How fast this is meant to be, and how far measurements are from it.
#ifndef EMB_BENCH_PEERS_GOALS_H_
#define EMB_BENCH_PEERS_GOALS_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "bench/peers/series.h"

namespace emb::bench {

// One line: a series over another, or a series as it is.
struct Goal {
  enum class Bound { kAtLeast, kAtMost };

  absl::string_view what;
  absl::string_view ours;    // Names in NamedSeries.
  absl::string_view theirs;  // Empty: no ratio, the value itself.
  Bound bound = Bound::kAtLeast;
  double value = 0;
};

// All of them, in the order of a report.
absl::Span<const Goal> Goals();

// What a goal came to.
struct Verdict {
  Goal goal;
  Series values;         // Of the ratio, or the value, by round.
  std::string left_out;  // Why there are no values; empty: there are.
  double measured = 0;   // Their median.
  double missed_by = 0;  // Share of goal.value; 0 or less: it is met.
};

// Judges every goal. `left_out` has the series that could not be or were not
// to be measured, and why.
//
// Errors   NOT_FOUND  names a series that is neither measured nor left out.
absl::StatusOr<std::vector<Verdict>> Judge(
    const NamedSeries& all, const std::map<std::string, std::string>& left_out);

// The two lines above a table's rows, and the rows; 79 columns wide.
std::string VerdictTable(absl::Span<const Verdict> verdicts);

}  // namespace emb::bench

#endif  // EMB_BENCH_PEERS_GOALS_H_
