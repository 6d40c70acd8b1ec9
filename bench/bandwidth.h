// How fast memory is, for figures that are a share of it.
#ifndef EMB_BENCH_BANDWIDTH_H_
#define EMB_BENCH_BANDWIDTH_H_

#include <chrono>
#include <cstdint>

#include "benchmark/benchmark.h"

namespace emb::bench {

// Seconds that `work` takes.
template <typename Work>
double Time(const Work& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
      .count();
}

// Reports items and bytes a second, an iteration having so many, and as
// `of_memory` the share that these bytes are of what memory can do: of copying
// 256 MiB in order, the best of some tries, measured once a process.
void CountItems(benchmark::State& state, int64_t items, int64_t bytes);

}  // namespace emb::bench

#endif  // EMB_BENCH_BANDWIDTH_H_
