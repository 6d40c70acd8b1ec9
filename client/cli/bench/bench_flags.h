// The flags of `embctl bench`.
#ifndef EMB_CLIENT_CLI_BENCH_BENCH_FLAGS_H_
#define EMB_CLIENT_CLI_BENCH_BENCH_FLAGS_H_

#include <cstdint>
#include <optional>
#include <string>

#include "CLI/App.hpp"
#include "absl/status/statusor.h"
#include "client/cli/bench/bench_options.h"

namespace emb {

// As they stand on the command line.
struct BenchFlags {
  std::string table;
  std::string tables;  // More of them, with commas.
  std::optional<int64_t> num_features;
  int64_t num_ids = 1'024;
  std::string pool;
  std::optional<int64_t> bag_ids;
  std::string dtype = "float32";

  std::string distribution;  // Empty: trace if there is one, else uniform.
  std::optional<double> zipf_exponent;
  std::string trace;
  uint64_t seed = 0;

  int64_t num_connections = 1;
  std::optional<int64_t> depth;
  bool stream = false;
  std::optional<double> rate;
  std::string duration = "10s";
  std::string warmup = "2s";
  bool keep_freed_memory = false;
};

// REQUIRES: `flags` outlives the command.
void AddBenchFlags(CLI::App& command, BenchFlags& flags);

// Reads the file of a trace.
//
// Errors   INVALID_ARGUMENT  flags that do not go together; names the flag and
//                            what is wanted. As ReadIdsFile for the trace.
absl::StatusOr<BenchOptions> BenchOptionsOf(const BenchFlags& flags);

}  // namespace emb

#endif  // EMB_CLIENT_CLI_BENCH_BENCH_FLAGS_H_
