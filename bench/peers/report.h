// What peer_bench prints: a table for people, or JSON for programs.
#ifndef EMB_BENCH_PEERS_REPORT_H_
#define EMB_BENCH_PEERS_REPORT_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "bench/peers/measure.h"

namespace emb::bench {

// One cell, and the figures of each contender in their order.
struct CellReport {
  Cell cell;
  std::vector<Figures> figures;
};

// Each contender that is no reference is compared with each that is: the
// median over rounds of the ratio of their rates within the round.
class Report {
 public:
  // The contenders must outlive this object.
  explicit Report(absl::Span<const Contender> contenders)
      : contenders_(contenders) {}

  // The two lines above a table's rows, and one row. 79 columns wide for two
  // references and one that is none.
  std::string TableHead() const;
  std::string TableRow(const CellReport& cell) const;

  // An object of "slice_seconds", "rounds" and "cells"; a cell has its
  // parameters, and for each contender by name the median rate, those of all
  // rounds, the CPU seconds of its server and of its caller, and the ratios
  // by name of the reference.
  std::string Json(const Pace& pace, absl::Span<const CellReport> cells) const;

 private:
  // The places of those that are, or are not, references.
  std::vector<size_t> Places(bool reference) const;

  const absl::Span<const Contender> contenders_;
};

}  // namespace emb::bench

#endif  // EMB_BENCH_PEERS_REPORT_H_
