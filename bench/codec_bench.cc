// The wire's share of a lookup, in process, one thread: reading a request, and
// serialising its answer, which is the gather and the framing around it.
//
//   build/release/bin/codec_bench
#include <cstdint>
#include <memory>
#include <random>
#include <string>

#include "absl/types/span.h"
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

void CountIds(benchmark::State& state, int64_t ids) {
  state.SetItemsProcessed(state.iterations() * ids);
}

// `features` features of as many random ids.
std::string Request(int64_t features, int64_t ids) {
  std::mt19937_64 random(1);
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
  CountIds(state, state.range(0) * state.range(1));
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
  CountIds(state, state.range(0) * state.range(1));
}
BENCHMARK(ParseRequest)->Args({1, 1'024})->Args({100, 10});

// From the request's bytes to the answer's.
void Answer(benchmark::State& state) {
  const auto snapshot = MakeSnapshot();
  const std::string request = Request(state.range(0), state.range(1));
  for (auto _ : state) {
    const auto view = ReadLookup(request);
    const auto plan = PlanLookup(*view, *snapshot, Limits());
    auto answer = LookupReply(*snapshot, 0, *plan).Whole();
    benchmark::DoNotOptimize(answer);
  }
  CountIds(state, state.range(0) * state.range(1));
}
BENCHMARK(Answer)->Args({1, 64})->Args({1, 1'024})->Args({100, 10});

// What of it is the gather.
void GatherAlone(benchmark::State& state) {
  const auto snapshot = MakeSnapshot();
  const std::string request = Request(1, state.range(0));
  const auto view = ReadLookup(request);
  const Table& table = *snapshot->tables.at("item")->rows;
  std::string out(static_cast<size_t>(state.range(0) * kDim * 4), 0);
  for (auto _ : state) {
    GatherRows(table, view->features[0].ids, AbsentIds(kRows), RowsAs::kFloat32,
               {reinterpret_cast<std::byte*>(out.data()), out.size()});
    benchmark::DoNotOptimize(out.data());
  }
  CountIds(state, state.range(0));
}
BENCHMARK(GatherAlone)->Arg(64)->Arg(1'024);

}  // namespace
}  // namespace emb
