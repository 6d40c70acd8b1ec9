// Fills of new tables in process, one thread, by the schemes of torch.nn.init.
//
//   build/release/bin/core_bench --benchmark_filter='Fill|Std'
//
// 16,384 rows of 64 float32. Uniform and normal fills and the standard
// library's generators take turns; `x_std` says how many times faster the fill
// is.
#include <cstdint>
#include <random>
#include <vector>

#include "absl/types/span.h"
#include "bench/bandwidth.h"
#include "bench/bench_table.h"
#include "benchmark/benchmark.h"
#include "core/fill.h"
#include "core/initializer.h"
#include "core/torch_mt19937.h"

namespace emb::bench {
namespace {

constexpr int64_t kRows = 16'384;

// All values are made; of each piece one is kept.
void FillOnce(const Initializer& init) {
  float kept = 0;
  const auto keep = [&](int64_t, absl::Span<const float> values) {
    kept += values.front();
  };
  TorchMt19937 generator(1);
  FillMatrix<float>(init, kRows, kDim, generator, {keep});
  benchmark::DoNotOptimize(kept);
}

void Fill(benchmark::State& state, const char* scheme, const InitArgs& args) {
  const Initializer init = ParseInitializer(scheme, args).value();
  for (auto _ : state) FillOnce(init);
  CountItems(state, kRows, kRows * kRowBytes);
}
BENCHMARK_CAPTURE(Fill, constant, "constant", {{"val", 0.5}});
BENCHMARK_CAPTURE(Fill, eye, "eye", {});
BENCHMARK_CAPTURE(Fill, xavier_uniform, "xavier_uniform", {});
BENCHMARK_CAPTURE(Fill, xavier_normal, "xavier_normal", {});
BENCHMARK_CAPTURE(Fill, kaiming_uniform, "kaiming_uniform", {});
BENCHMARK_CAPTURE(Fill, kaiming_normal, "kaiming_normal", {});
BENCHMARK_CAPTURE(Fill, trunc_normal, "trunc_normal", {});
BENCHMARK_CAPTURE(Fill, sparse, "sparse", {{"sparsity", 0.5}});
BENCHMARK_CAPTURE(Fill, orthogonal, "orthogonal", {});

template <typename Distribution>
void FillAgainstStd(benchmark::State& state, const char* scheme) {
  const Initializer init = ParseInitializer(scheme, {}).value();
  std::vector<float> values(static_cast<size_t>(kRows * kDim));
  double ours = 0;
  double theirs = 0;
  for (auto _ : state) {
    const double fill = Time([&] { FillOnce(init); });
    theirs += Time([&] {
      std::mt19937 random(1);
      Distribution distribution;
      for (float& value : values) value = distribution(random);
      benchmark::DoNotOptimize(values.data());
    });
    ours += fill;
    state.SetIterationTime(fill);
  }
  CountItems(state, kRows, kRows * kRowBytes);
  state.counters["x_std"] = theirs / ours;
}
void UniformAgainstStd(benchmark::State& state) {
  FillAgainstStd<std::uniform_real_distribution<float>>(state, "uniform");
}
BENCHMARK(UniformAgainstStd)->UseManualTime();

void NormalAgainstStd(benchmark::State& state) {
  FillAgainstStd<std::normal_distribution<float>>(state, "normal");
}
BENCHMARK(NormalAgainstStd)->UseManualTime();

}  // namespace
}  // namespace emb::bench
