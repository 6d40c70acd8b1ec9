// The wire's share of a lookup, in process, one thread: reading a request, and
// serialising its answer, which is the gather and the framing around it.
//
//   build/release/bin/codec_bench
//
// `of_memory` is the rate of the bytes of ids that are read, or of rows that
// are written, over that of copying 256 MiB in order: what memory can do.
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "bench/bandwidth.h"
#include "benchmark/benchmark.h"
#include "core/gather.h"
#include "embedding/v1/lookup.pb.h"
#include "server/lookup_plan.h"
#include "server/lookup_reply.h"
#include "server/lookup_request.h"

namespace emb {
namespace {

namespace pb = embedding::v1;

constexpr int64_t kRows = 1'000'000;
constexpr int64_t kDim = 64;
constexpr int64_t kIdBytes = 8;
constexpr int64_t kRowBytes = kDim * 4;

void CountRead(benchmark::State& state, int64_t ids) {
  bench::CountItems(state, ids, ids * kIdBytes);
}
void CountWritten(benchmark::State& state, int64_t ids) {
  bench::CountItems(state, ids, ids * kRowBytes);
}

// `features` features of as many random ids.
std::string Request(int64_t features, int64_t ids, std::mt19937_64& random) {
  pb::LookupRequest request;
  for (int64_t i = 0; i < features; ++i) {
    pb::Feature& feature = *request.add_features();
    feature.set_table("item");
    for (int64_t j = 0; j < ids; ++j) {
      feature.add_ids(static_cast<int64_t>(random() % kRows));
    }
  }
  return request.SerializeAsString();
}

std::string Request(int64_t features, int64_t ids) {
  std::mt19937_64 random(1);
  return Request(features, ids, random);
}

// A million ids in all: one request again and again would find its rows in the
// processor's caches.
std::vector<std::string> Requests(int64_t features, int64_t ids) {
  std::mt19937_64 random(1);
  std::vector<std::string> requests(
      static_cast<size_t>((1 << 20) / (features * ids)));
  for (std::string& request : requests)
    request = Request(features, ids, random);
  return requests;
}

std::shared_ptr<const Snapshot> MakeSnapshot() {
  TableBuilder builder(kRows, {DType::kFloat32, kDim});
  for (int64_t row = 0; row < kRows; ++row) builder.ZeroRow(row);
  auto table = std::make_shared<ServedTable>();
  table->record.spec.name = "item";
  table->record.spec.num_rows = kRows;
  table->record.spec.dim = kDim;
  table->record.version = 1;
  table->rows = builder.Build();
  auto snapshot = std::make_shared<Snapshot>();
  snapshot->tables["item"] = std::move(table);
  return snapshot;
}

void ReadRequest(benchmark::State& state) {
  const std::string request = Request(state.range(0), state.range(1));
  for (auto _ : state) {
    auto view = ReadLookup(request);
    benchmark::DoNotOptimize(view);
  }
  CountRead(state, state.range(0) * state.range(1));
}
BENCHMARK(ReadRequest)->Args({1, 1'024})->Args({100, 10});

// The generated class, for comparison.
void ParseRequest(benchmark::State& state) {
  const std::string bytes = Request(state.range(0), state.range(1));
  pb::LookupRequest request;
  for (auto _ : state) {
    request.ParseFromString(bytes);
    benchmark::DoNotOptimize(request);
  }
  CountRead(state, state.range(0) * state.range(1));
}
BENCHMARK(ParseRequest)->Args({1, 1'024})->Args({100, 10});

// What is checked and computed before the first row is read.
void Plan(benchmark::State& state) {
  const auto snapshot = MakeSnapshot();
  const std::string request = Request(state.range(0), state.range(1));
  const auto view = ReadLookup(request);
  for (auto _ : state) {
    auto plan = PlanLookup(*view, *snapshot, Limits());
    benchmark::DoNotOptimize(plan);
  }
  CountRead(state, state.range(0) * state.range(1));
}
BENCHMARK(Plan)->Args({1, 64})->Args({1, 1'024})->Args({100, 10});

// From the request's bytes to the answer's.
void Answer(benchmark::State& state) {
  const auto snapshot = MakeSnapshot();
  const auto requests = Requests(state.range(0), state.range(1));
  size_t next = 0;
  for (auto _ : state) {
    const auto view = ReadLookup(requests[next++ % requests.size()]);
    const auto plan = PlanLookup(*view, *snapshot, Limits());
    auto answer = LookupReply(*snapshot, 0, *plan).Whole();
    benchmark::DoNotOptimize(answer);
  }
  CountWritten(state, state.range(0) * state.range(1));
}
BENCHMARK(Answer)->Args({1, 64})->Args({1, 1'024})->Args({100, 10});

// What of it is the gather.
void GatherAlone(benchmark::State& state) {
  const auto snapshot = MakeSnapshot();
  const auto requests = Requests(1, state.range(0));
  const Table& table = *snapshot->tables.at("item")->rows;
  std::string out(static_cast<size_t>(state.range(0) * kRowBytes), 0);
  size_t next = 0;
  for (auto _ : state) {
    const auto view = ReadLookup(requests[next++ % requests.size()]);
    GatherRows(table, view->features[0].ids, AbsentIds(kRows), RowsAs::kFloat32,
               {reinterpret_cast<std::byte*>(out.data()), out.size()});
    benchmark::DoNotOptimize(out.data());
  }
  CountWritten(state, state.range(0));
}
BENCHMARK(GatherAlone)->Arg(64)->Arg(1'024);

}  // namespace
}  // namespace emb
