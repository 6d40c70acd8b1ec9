// What peer_bench prints: tables for people, or JSON for programs.
#ifndef EMB_BENCH_PEERS_REPORT_H_
#define EMB_BENCH_PEERS_REPORT_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "bench/peers/goals.h"
#include "bench/peers/measure.h"
#include "bench/peers/series.h"

namespace emb::bench {

// Each contender that is no reference is compared with each that is, at the
// same depth: the median over rounds of the ratio of their rates within the
// round. Tables are 79 columns wide for two references and two that are none.
class Report {
 public:
  // The contenders must outlive this object.
  explicit Report(absl::Span<const Contender> contenders)
      : contenders_(contenders) {}

  // The two lines above the rows of the table of rates; a cell's rows.
  std::string RateHead() const;
  std::string RateRows(const CellFigures& figures) const;

  // A table of the CPU time of the servers, and of the slowest and fastest
  // slice of the references. A star marks where these are far apart.
  std::string CpuTable(absl::Span<const CellFigures> cells) const;

  // Everything else, a series a line: median, slowest and fastest.
  static std::string OtherTable(const NamedSeries& others);

  // An object of "slice_seconds", "rounds", "cells", "series" and "goals". A
  // cell has its parameters, and for each contender by name the median rate,
  // those of all rounds, the CPU seconds of its server and of its caller, and
  // the ratios by name of the reference.
  std::string Json(const Pace& pace, absl::Span<const CellFigures> cells,
                   const NamedSeries& others,
                   absl::Span<const Verdict> verdicts) const;

 private:
  // The places of those that are, or are not, references.
  std::vector<size_t> Places(bool reference) const;
  // One row of the table of CPU time.
  std::string CpuColumns(absl::Span<const Figures> lanes) const;

  const absl::Span<const Contender> contenders_;
};

}  // namespace emb::bench

#endif  // EMB_BENCH_PEERS_REPORT_H_
