// What the block structure of a table costs, in process, one thread: its gather
// beside one over a flat array in huge pages, updates of random rows, memory.
//
//   build/release/bin/core_bench --benchmark_filter=Structure
//   EMB_BENCH_ROWS=20000000 ...  # 5 GB of rows; takes 11 GB of memory
//
// Both gathers take turns over the same ids, each from rows of its own;
// `of_flat` is the median over all turns of the time of the table's over that
// of the array's, which the goal wants to be at most 1.15.
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <memory>
#include <vector>

#include "absl/types/span.h"
#include "bench/bandwidth.h"
#include "bench/bench_table.h"
#include "bench/flat_rows.h"
#include "benchmark/benchmark.h"
#include "core/gather.h"
#include "core/table.h"
#include "core/table_update.h"

namespace emb::bench {
namespace {

// Batches of one structure before it is the other's turn, so that each has the
// caches of the processor for itself most of the time.
constexpr size_t kTurn = 16;

// Replaces a million random rows, a thousand at once. Of 20,000,000 rows too 96
// % of the blocks are then no longer where they were made.
std::shared_ptr<const Table> UpdateAtRandom(
    std::shared_ptr<const Table> table) {
  const std::vector<int64_t> ids = RandomIds();
  constexpr size_t kUpdate = 1'000;
  const std::vector<std::byte> values(kUpdate * kRowBytes);
  for (size_t i = 0; i + kUpdate <= ids.size(); i += kUpdate) {
    table = UpdateRows(*table, absl::MakeSpan(ids).subspan(i, kUpdate), values);
  }
  return table;
}

double Median(std::vector<double> values) {
  const auto middle =
      values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

void GatherBesideFlat(benchmark::State& state, const Table& table) {
  const std::vector<int64_t> ids = RandomIds();
  const FlatRows flat(NumRows());
  const auto batch = static_cast<size_t>(state.range(0));
  const size_t turn_rows = kTurn * batch;
  std::vector<std::byte> out(batch * kRowBytes);
  const AbsentIds absent(NumRows());
  size_t next = 0;
  // Nanoseconds a row.
  const auto time_turn = [&](const auto& gather) {
    const double seconds = Time([&] {
      for (size_t i = 0; i < kTurn; ++i) {
        gather(absl::MakeSpan(ids).subspan(next + i * batch, batch));
        benchmark::DoNotOptimize(out.data());
      }
    });
    return seconds * 1e9 / static_cast<double>(turn_rows);
  };
  std::vector<double> flat_ns;
  std::vector<double> table_ns;
  std::vector<double> ratios;
  for (auto _ : state) {
    flat_ns.push_back(
        time_turn([&](IdSpan turn) { flat.Gather(turn, out.data()); }));
    table_ns.push_back(time_turn([&](IdSpan turn) {
      GatherRows(table, turn, absent, RowsAs::kFloat32, absl::MakeSpan(out));
    }));
    ratios.push_back(table_ns.back() / flat_ns.back());
    state.SetIterationTime(table_ns.back() * static_cast<double>(turn_rows) /
                           1e9);
    next += turn_rows;
    if (next + turn_rows > ids.size()) next = 0;
  }
  CountItems(state, static_cast<int64_t>(turn_rows),
             static_cast<int64_t>(turn_rows) * kRowBytes);
  state.counters["ns_row"] = Median(table_ns);
  state.counters["flat_ns_row"] = Median(flat_ns);
  state.counters["of_flat"] = Median(ratios);
}

void StructureGather(benchmark::State& state) {
  GatherBesideFlat(state, *MakeTable());
}
BENCHMARK(StructureGather)->UseManualTime()->Arg(1'024)->Arg(8'192);

void StructureGatherAfterUpdates(benchmark::State& state) {
  GatherBesideFlat(state, *UpdateAtRandom(MakeTable()));
}
BENCHMARK(StructureGatherAfterUpdates)->UseManualTime()->Arg(1'024)->Arg(8'192);

// Random rows, so many to a new table; the one before it is let go of.
void StructureUpdate(benchmark::State& state) {
  std::shared_ptr<const Table> table = MakeTable();
  const std::vector<int64_t> ids = RandomIds();
  const auto batch = static_cast<size_t>(state.range(0));
  const std::vector<std::byte> values(batch * kRowBytes);
  size_t next = 0;
  for (auto _ : state) {
    table =
        UpdateRows(*table, absl::MakeSpan(ids).subspan(next, batch), values);
    next = (next + batch) % (ids.size() - batch);
  }
  CountItems(state, state.range(0), state.range(0) * kRowBytes);
}
BENCHMARK(StructureUpdate)->Arg(1)->Arg(100)->Arg(1'000)->Arg(10'000);

// Of this process, as the kernel counts it.
int64_t ResidentBytes() {
  std::ifstream statm("/proc/self/statm");
  int64_t pages = 0;
  statm >> pages >> pages;
  return pages * sysconf(_SC_PAGESIZE);
}

// By how much the process grew with a table, and with a million updates of it,
// over 1.05 times its rows and 256 MiB, which the goal allows.
void StructureMemory(benchmark::State& state) {
  const int64_t raw_bytes = NumRows() * kRowBytes;
  const double allowed =
      1.05 * static_cast<double>(raw_bytes) + (int64_t{256} << 20);
  for (auto _ : state) {
    const int64_t before = ResidentBytes();
    std::shared_ptr<const Table> table = MakeTable();
    const int64_t made = ResidentBytes() - before;
    table = UpdateAtRandom(std::move(table));
    const int64_t updated = ResidentBytes() - before;
    state.counters["MB_raw"] = static_cast<double>(raw_bytes) / 1e6;
    state.counters["MB_made"] = static_cast<double>(made) / 1e6;
    state.counters["MB_updated"] = static_cast<double>(updated) / 1e6;
    state.counters["of_allowed"] = static_cast<double>(updated) / allowed;
  }
}
BENCHMARK(StructureMemory)->Iterations(1);

}  // namespace
}  // namespace emb::bench
