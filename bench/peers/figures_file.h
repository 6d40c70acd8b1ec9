// Series that another program has measured, from a file.
#ifndef EMB_BENCH_PEERS_FIGURES_FILE_H_
#define EMB_BENCH_PEERS_FIGURES_FILE_H_

#include <map>
#include <string>

#include "absl/status/status.h"
#include "bench/peers/series.h"

namespace emb::bench {

// Adds what the file has: {"series": {NAME: [NUMBER, ...]}, "left_out": {NAME:
// REASON}}.
//
// Errors   INVALID_ARGUMENT  it cannot be read, or is no such JSON.
absl::Status ReadFigures(const std::string& path, NamedSeries& all,
                         std::map<std::string, std::string>& left_out);

}  // namespace emb::bench

#endif  // EMB_BENCH_PEERS_FIGURES_FILE_H_
