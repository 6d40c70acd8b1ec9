// The results of a run, for people and for programs.
#ifndef EMB_CLIENT_CLI_BENCH_BENCH_REPORT_H_
#define EMB_CLIENT_CLI_BENCH_BENCH_REPORT_H_

#include <string>

#include "absl/time/time.h"
#include "client/cli/bench/bench_options.h"
#include "client/cli/bench/bench_run.h"
#include "emb/client.h"
#include "nlohmann/json_fwd.hpp"

namespace emb {

// The load, with all that it takes to repeat it but the rows of its tables, and
// what came of it. Rates are 0 and latencies null where nothing
// was answered. `requests` is the sum of `answered` and `failed`, and `failed`
// that of `errors`.
nlohmann::ordered_json BenchJson(const BenchOptions& options,
                                 const CallOptions& call,
                                 const BenchResult& result);

// The same, an aligned line a figure.
std::string DescribeBench(const BenchOptions& options,
                          const BenchResult& result);

// "3 s of 12 s: 3,312/s, p99 812 us, 0 failed".
std::string DescribeBenchProgress(const BenchOptions& options,
                                  absl::Duration now, const BenchTally& so_far);

}  // namespace emb

#endif  // EMB_CLIENT_CLI_BENCH_BENCH_REPORT_H_
