// Kernels of core in process, one thread, over a table larger than caches.
//
//   build/release/bin/core_bench
//
// Rows are 64 float32 (256 bytes), a million of them (EMB_BENCH_ROWS: others).
// `of_memory` is the rate of bytes written over that of copying 256 MiB in
// order, which is what memory can do. fill_bench.cc and structure_bench.cc
// belong to the same program.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <random>
#include <vector>

#include "absl/types/span.h"
#include "bench/bandwidth.h"
#include "bench/bench_table.h"
#include "benchmark/benchmark.h"
#include "core/gather.h"
#include "core/pooling.h"
#include "core/row_encoder.h"
#include "core/table.h"

namespace emb::bench {
namespace {

// By the float32 bytes that rows have outside of a table.
void CountRows(benchmark::State& state, int64_t rows) {
  CountItems(state, rows, rows * kRowBytes);
}

// To float32, whatever the table's dtype.
void Gather(benchmark::State& state, const Table& table) {
  const std::vector<int64_t> ids = RandomIds();
  const auto batch = static_cast<size_t>(state.range(0));
  std::vector<std::byte> out(batch * kRowBytes);
  size_t next = 0;
  for (auto _ : state) {
    GatherRows(table, absl::MakeSpan(ids).subspan(next, batch),
               AbsentIds(NumRows()), RowsAs::kFloat32, absl::MakeSpan(out));
    benchmark::DoNotOptimize(out.data());
    next = (next + batch) % (ids.size() - batch);
  }
  CountRows(state, state.range(0));
}

void GatherUniform(benchmark::State& state, DType dtype) {
  Gather(state, *MakeTable(dtype));
}
BENCHMARK_CAPTURE(GatherUniform, float32, DType::kFloat32)
    ->Arg(64)
    ->Arg(1'024)
    ->Arg(8'192);
BENCHMARK_CAPTURE(GatherUniform, float16, DType::kFloat16)->Arg(1'024);
BENCHMARK_CAPTURE(GatherUniform, bfloat16, DType::kBFloat16)->Arg(1'024);
BENCHMARK_CAPTURE(GatherUniform, int8, DType::kInt8Rowwise)->Arg(1'024);
BENCHMARK_CAPTURE(GatherUniform, int4, DType::kInt4Rowwise)->Arg(1'024);

// Rows into their stored form, as they enter.
void Encode(benchmark::State& state, DType dtype) {
  const RowFormat format = {dtype, kDim};
  RowEncoder encoder(format);
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
BENCHMARK_CAPTURE(Encode, float16, DType::kFloat16);
BENCHMARK_CAPTURE(Encode, bfloat16, DType::kBFloat16);
BENCHMARK_CAPTURE(Encode, int8, DType::kInt8Rowwise);
BENCHMARK_CAPTURE(Encode, int4, DType::kInt4Rowwise);

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
void Pool(benchmark::State& state, PoolMode mode, bool weighted,
          DType dtype = DType::kFloat32) {
  const auto table = MakeTable(dtype);
  const std::vector<int64_t> ids = RandomIds();
  constexpr int64_t kBatch = 1'024;
  const int64_t length = state.range(0);
  const std::vector<int64_t> lengths(static_cast<size_t>(kBatch / length),
                                     length);
  const std::vector<float> weights(weighted ? kBatch : 0, 0.5F);
  std::vector<std::byte> out(lengths.size() * kRowBytes);
  size_t next = 0;
  for (auto _ : state) {
    PoolBags(*table, mode,
             {absl::MakeSpan(ids).subspan(next, kBatch), lengths, weights},
             AbsentIds(NumRows()), absl::MakeSpan(out));
    benchmark::DoNotOptimize(out.data());
    next = (next + kBatch) % (ids.size() - kBatch);
  }
  CountRows(state, kBatch);
}
BENCHMARK_CAPTURE(Pool, sum, PoolMode::kSum, false)
    ->Arg(8)
    ->Arg(32)
    ->Arg(1'024);
BENCHMARK_CAPTURE(Pool, weighted_sum, PoolMode::kSum, true)->Arg(32);
BENCHMARK_CAPTURE(Pool, mean, PoolMode::kMean, false)->Arg(32);
BENCHMARK_CAPTURE(Pool, max, PoolMode::kMax, false)->Arg(32);
BENCHMARK_CAPTURE(Pool, sum_int8, PoolMode::kSum, false, DType::kInt8Rowwise)
    ->Arg(32);
BENCHMARK_CAPTURE(Pool, weighted_sum_int8, PoolMode::kSum, true,
                  DType::kInt8Rowwise)
    ->Arg(32);

}  // namespace
}  // namespace emb::bench
