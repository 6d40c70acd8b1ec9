// What `embctl bench` was asked to do.
#ifndef EMB_CLIENT_CLI_BENCH_BENCH_OPTIONS_H_
#define EMB_CLIENT_CLI_BENCH_BENCH_OPTIONS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "emb/types.h"

namespace emb {

enum class IdDistribution { kUniform, kZipf, kTrace };

// A load that makes sense: BenchOptionsOf has checked it.
struct BenchOptions {
  // The requests.
  std::vector<std::string> tables;  // At least one; features take turns.
  int64_t num_features = 1;
  int64_t num_ids = 1'024;  // Of each feature.
  std::optional<Pool::Mode> pool;
  int64_t bag_ids = 0;  // With `pool`: a divisor of num_ids.
  ElementType dtype = ElementType::kFloat32;

  // Their ids.
  IdDistribution distribution = IdDistribution::kUniform;
  double zipf_exponent = 0.99;
  std::string trace_file;      // With kTrace: what `trace` was read from.
  std::vector<int64_t> trace;  // With kTrace: not empty.
  uint64_t seed = 0;

  // How they are sent.
  int64_t num_connections = 1;
  int64_t depth = 1;  // Lookups in flight on each connection, at most.
  bool stream = false;
  std::optional<double> rate;  // Requests a second; unset: a closed loop.
  absl::Duration duration = absl::Seconds(10);
  absl::Duration warmup = absl::Seconds(2);
  bool keep_freed_memory = false;

  int64_t ids_per_request() const { return num_features * num_ids; }
};

}  // namespace emb

#endif  // EMB_CLIENT_CLI_BENCH_BENCH_OPTIONS_H_
