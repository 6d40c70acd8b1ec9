// Kernels of core in process, one thread, over a table larger than caches.
//
//   build/release/bin/core_bench
//
// Rows are 64 float32 (256 bytes). The peers stand beside the kernels: memcpy
// of as many bytes for gathers, the standard library's generators for fills.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <random>
#include <vector>

#include "benchmark/benchmark.h"
#include "core/fill.h"
#include "core/gather.h"
#include "core/table.h"

namespace {

constexpr int64_t kRows = 1'000'000;
constexpr int64_t kRowBytes = 256;
constexpr int64_t kFillRows = 16'384;
constexpr int64_t kFillDim = 64;

void CountRows(benchmark::State& state, int64_t rows) {
  state.SetItemsProcessed(state.iterations() * rows);
  state.SetBytesProcessed(state.iterations() * rows * kRowBytes);
}

void GatherUniform(benchmark::State& state) {
  emb::TableBuilder builder(kRows, kRowBytes);
  for (int64_t row = 0; row < kRows; ++row) builder.ZeroRow(row);
  const auto table = builder.Build();
  std::mt19937_64 random(1);
  std::vector<int64_t> ids(1 << 20);
  for (int64_t& id : ids) id = static_cast<int64_t>(random() % kRows);
  const auto batch = static_cast<size_t>(state.range(0));
  std::vector<std::byte> out(batch * kRowBytes);
  size_t next = 0;
  for (auto _ : state) {
    emb::GatherRows(*table, absl::MakeSpan(ids).subspan(next, batch),
                    std::nullopt, absl::MakeSpan(out));
    benchmark::DoNotOptimize(out.data());
    next = (next + batch) % (ids.size() - batch);
  }
  CountRows(state, state.range(0));
}
BENCHMARK(GatherUniform)->Arg(64)->Arg(1'024)->Arg(8'192);

void MemcpySequential(benchmark::State& state) {
  const auto bytes = static_cast<size_t>(state.range(0) * kRowBytes);
  const std::vector<std::byte> from(bytes * 64);
  std::vector<std::byte> to(bytes);
  size_t next = 0;
  for (auto _ : state) {
    std::memcpy(to.data(), from.data() + next * bytes, bytes);
    benchmark::DoNotOptimize(to.data());
    next = (next + 1) % 64;
  }
  CountRows(state, state.range(0));
}
BENCHMARK(MemcpySequential)->Arg(1'024)->Arg(8'192);

void Fill(benchmark::State& state, const char* scheme) {
  const emb::Initializer init = emb::ParseInitializer(scheme, {}).value();
  float sum = 0;
  for (auto _ : state) {
    emb::FillMatrix(init, 1, kFillRows, kFillDim,
                    [&](int64_t, absl::Span<const float> values) {
                      sum += values.front();
                    });
    benchmark::DoNotOptimize(sum);
  }
  CountRows(state, kFillRows);
}
BENCHMARK_CAPTURE(Fill, uniform, "uniform");
BENCHMARK_CAPTURE(Fill, normal, "normal");

template <typename Distribution>
void FillByStandardLibrary(benchmark::State& state) {
  std::vector<float> values(static_cast<size_t>(kFillRows * kFillDim));
  for (auto _ : state) {
    std::mt19937 random(1);
    Distribution distribution;
    for (float& value : values) value = distribution(random);
    benchmark::DoNotOptimize(values.data());
  }
  CountRows(state, kFillRows);
}
BENCHMARK(FillByStandardLibrary<std::uniform_real_distribution<float>>);
BENCHMARK(FillByStandardLibrary<std::normal_distribution<float>>);

}  // namespace
