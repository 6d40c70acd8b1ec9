// Kernels of core in process, one thread, over a table larger than caches.
//
//   build/release/bin/core_bench
//
// Rows are 64 float32 (256 bytes). `of_memory` is the rate of bytes written
// over that of copying 256 MiB in order, which is what memory can do. Fills and
// the standard library's generators take turns; `x_std` says how many times
// faster the fill is.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <random>
#include <vector>

#include "benchmark/benchmark.h"
#include "core/fill.h"
#include "core/gather.h"
#include "core/pooling.h"
#include "core/row_encoder.h"
#include "core/table.h"
#include "core/table_update.h"

namespace {

constexpr int64_t kRows = 1'000'000;
constexpr int64_t kDim = 64;
constexpr int64_t kRowBytes = 256;
constexpr int64_t kFillRows = 16'384;
constexpr int64_t kFillDim = 64;

// Seconds that `work` takes.
template <typename Work>
double Time(const Work& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
      .count();
}

// Bytes that memory copies in a second: the best of some tries, measured once.
double MemoryBandwidth() {
  static const double bandwidth = [] {
    constexpr size_t kBytes = size_t{256} << 20;
    const std::vector<std::byte> from(kBytes, std::byte{1});
    std::vector<std::byte> to(kBytes);
    double best = 0;
    for (int i = 0; i < 5; ++i) {
      const double seconds =
          Time([&] { std::memcpy(to.data(), from.data(), kBytes); });
      best = std::max(best, static_cast<double>(kBytes) / seconds);
    }
    return best;
  }();
  return bandwidth;
}

void CountRows(benchmark::State& state, int64_t rows) {
  const int64_t bytes = state.iterations() * rows * kRowBytes;
  state.SetItemsProcessed(state.iterations() * rows);
  state.SetBytesProcessed(bytes);
  state.counters["of_memory"] =
      benchmark::Counter(static_cast<double>(bytes) / MemoryBandwidth(),
                         benchmark::Counter::kIsRate);
}

// Every page is written, so that it has memory of its own.
std::unique_ptr<const emb::Table> MakeTable(
    emb::DType dtype = emb::DType::kFloat32) {
  emb::TableBuilder builder(kRows, {dtype, kDim});
  for (int64_t row = 0; row < kRows; ++row) builder.ZeroRow(row);
  return builder.Build();
}

std::vector<int64_t> RandomIds() {
  std::mt19937_64 random(1);
  std::vector<int64_t> ids(1 << 20);
  for (int64_t& id : ids) id = static_cast<int64_t>(random() % kRows);
  return ids;
}

// To float32, whatever the table's dtype.
void Gather(benchmark::State& state, const emb::Table& table) {
  const std::vector<int64_t> ids = RandomIds();
  const auto batch = static_cast<size_t>(state.range(0));
  std::vector<std::byte> out(batch * kRowBytes);
  size_t next = 0;
  for (auto _ : state) {
    emb::GatherRows(table, absl::MakeSpan(ids).subspan(next, batch),
                    emb::AbsentIds(kRows), emb::RowsAs::kFloat32,
                    absl::MakeSpan(out));
    benchmark::DoNotOptimize(out.data());
    next = (next + batch) % (ids.size() - batch);
  }
  CountRows(state, state.range(0));
}

void GatherUniform(benchmark::State& state, emb::DType dtype) {
  Gather(state, *MakeTable(dtype));
}
BENCHMARK_CAPTURE(GatherUniform, float32, emb::DType::kFloat32)
    ->Arg(64)
    ->Arg(1'024)
    ->Arg(8'192);
BENCHMARK_CAPTURE(GatherUniform, float16, emb::DType::kFloat16)->Arg(1'024);
BENCHMARK_CAPTURE(GatherUniform, bfloat16, emb::DType::kBFloat16)->Arg(1'024);
BENCHMARK_CAPTURE(GatherUniform, int8, emb::DType::kInt8Rowwise)->Arg(1'024);
BENCHMARK_CAPTURE(GatherUniform, int4, emb::DType::kInt4Rowwise)->Arg(1'024);

// Every block has been replaced, in random order.
void GatherAfterUpdates(benchmark::State& state) {
  std::shared_ptr<const emb::Table> table = MakeTable();
  const std::vector<int64_t> ids = RandomIds();
  constexpr size_t kUpdate = 1'000;
  const std::vector<std::byte> values(kUpdate * kRowBytes);
  for (size_t i = 0; i + kUpdate <= ids.size(); i += kUpdate) {
    table = emb::UpdateRows(*table, absl::MakeSpan(ids).subspan(i, kUpdate),
                            values);
  }
  Gather(state, *table);
}
BENCHMARK(GatherAfterUpdates)->Arg(1'024);

// Random rows, so many to a new table.
void UpdateRandomRows(benchmark::State& state) {
  std::shared_ptr<const emb::Table> table = MakeTable();
  const std::vector<int64_t> ids = RandomIds();
  const auto batch = static_cast<size_t>(state.range(0));
  const std::vector<std::byte> values(batch * kRowBytes);
  size_t next = 0;
  for (auto _ : state) {
    table = emb::UpdateRows(*table, absl::MakeSpan(ids).subspan(next, batch),
                            values);
    next = (next + batch) % (ids.size() - batch);
  }
  CountRows(state, state.range(0));
}
BENCHMARK(UpdateRandomRows)->Arg(1)->Arg(100)->Arg(1'000)->Arg(10'000);

// Rows into their stored form, as they enter.
void Encode(benchmark::State& state, emb::DType dtype) {
  const emb::RowFormat format = {dtype, kDim};
  emb::RowEncoder encoder(format);
  std::mt19937 random(1);
  std::normal_distribution<float> normal;
  std::vector<float> row(kDim);
  for (float& x : row) x = normal(random);
  std::vector<std::byte> out(static_cast<size_t>(format.row_bytes()));
  for (auto _ : state) {
    benchmark::DoNotOptimize(encoder.Encode(row, absl::MakeSpan(out)));
  }
  CountRows(state, 1);
}
BENCHMARK_CAPTURE(Encode, float16, emb::DType::kFloat16);
BENCHMARK_CAPTURE(Encode, int8, emb::DType::kInt8Rowwise);
BENCHMARK_CAPTURE(Encode, int4, emb::DType::kInt4Rowwise);

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

// 1,024 rows in bags of equal length.
void Pool(benchmark::State& state, emb::PoolMode mode,
          emb::DType dtype = emb::DType::kFloat32) {
  const auto table = MakeTable(dtype);
  const std::vector<int64_t> ids = RandomIds();
  constexpr int64_t kBatch = 1'024;
  const int64_t length = state.range(0);
  const std::vector<int64_t> lengths(static_cast<size_t>(kBatch / length),
                                     length);
  std::vector<std::byte> out(lengths.size() * kRowBytes);
  size_t next = 0;
  for (auto _ : state) {
    emb::PoolBags(*table, mode,
                  {absl::MakeSpan(ids).subspan(next, kBatch), lengths, {}},
                  emb::AbsentIds(kRows), absl::MakeSpan(out));
    benchmark::DoNotOptimize(out.data());
    next = (next + kBatch) % (ids.size() - kBatch);
  }
  CountRows(state, kBatch);
}
BENCHMARK_CAPTURE(Pool, sum, emb::PoolMode::kSum)->Arg(8)->Arg(32)->Arg(1'024);
BENCHMARK_CAPTURE(Pool, mean, emb::PoolMode::kMean)->Arg(32);
BENCHMARK_CAPTURE(Pool, max, emb::PoolMode::kMax)->Arg(32);
BENCHMARK_CAPTURE(Pool, sum_int8, emb::PoolMode::kSum, emb::DType::kInt8Rowwise)
    ->Arg(32);

// All values are made; of each piece one is kept.
void FillOnce(const emb::Initializer& init) {
  float kept = 0;
  const auto keep = [&](int64_t, absl::Span<const float> values) {
    kept += values.front();
  };
  emb::TorchMt19937 generator(1);
  emb::FillMatrix<float>(init, kFillRows, kFillDim, generator, {keep});
  benchmark::DoNotOptimize(kept);
}

void Fill(benchmark::State& state, const char* scheme,
          const emb::InitArgs& args) {
  const emb::Initializer init = emb::ParseInitializer(scheme, args).value();
  for (auto _ : state) FillOnce(init);
  CountRows(state, kFillRows);
}
BENCHMARK_CAPTURE(Fill, trunc_normal, "trunc_normal", {});
BENCHMARK_CAPTURE(Fill, sparse, "sparse", {{"sparsity", 0.5}});
BENCHMARK_CAPTURE(Fill, orthogonal, "orthogonal", {});

template <typename Distribution>
void FillAgainstStd(benchmark::State& state, const char* scheme) {
  const emb::Initializer init = emb::ParseInitializer(scheme, {}).value();
  std::vector<float> values(static_cast<size_t>(kFillRows * kFillDim));
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
  CountRows(state, kFillRows);
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
