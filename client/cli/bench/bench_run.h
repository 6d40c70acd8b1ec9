// A whole run of a load.
#ifndef EMB_CLIENT_CLI_BENCH_BENCH_RUN_H_
#define EMB_CLIENT_CLI_BENCH_BENCH_RUN_H_

#include <atomic>
#include <functional>
#include <vector>

#include "absl/time/time.h"
#include "client/cli/bench/bench_options.h"
#include "client/cli/bench/bench_tally.h"
#include "emb/client.h"

namespace emb {

struct BenchResult {
  BenchTally tally;
  // From the end of the warm-up to the end of the run or its last answer.
  absl::Duration elapsed = absl::ZeroDuration();
  // Of all threads of this process in that time.
  absl::Duration cpu_time = absl::ZeroDuration();
  bool interrupted = false;
};

// What a run asks, and with what.
struct BenchLoad {
  const BenchOptions& options;
  const std::vector<Client>& clients;  // One for each connection.
  const CallOptions& call;
  const std::vector<LookupRequest>& requests;
};

// Called about once a second with the time since the beginning.
using BenchProgress =
    std::function<void(absl::Duration now, const BenchTally& so_far)>;

// Asks as options say until their time is over or `stop` is true; returns when
// the last answer is there. Uses a thread for each caller: in a closed loop
// without streams `depth` for each connection, else one.
BenchResult RunBench(const BenchLoad& load, const std::atomic<bool>& stop,
                     const BenchProgress& progress);

}  // namespace emb

#endif  // EMB_CLIENT_CLI_BENCH_BENCH_RUN_H_
