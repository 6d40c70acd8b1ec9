#include "bench/bench_table.h"

#include <cstdio>
#include <cstdlib>
#include <random>

#include "absl/strings/numbers.h"

namespace emb::bench {

int64_t NumRows() {
  static const int64_t num_rows = [] {
    int64_t rows = 1'000'000;
    const char* const wanted = std::getenv("EMB_BENCH_ROWS");
    if (wanted != nullptr && (!absl::SimpleAtoi(wanted, &rows) || rows < 1)) {
      std::fprintf(stderr, "EMB_BENCH_ROWS: \"%s\", want 1 or more\n", wanted);
      std::exit(2);
    }
    return rows;
  }();
  return num_rows;
}

std::unique_ptr<const Table> MakeTable(DType dtype) {
  TableBuilder builder(NumRows(), {dtype, kDim});
  for (int64_t row = 0; row < NumRows(); ++row) builder.ZeroRow(row);
  return builder.Build();
}

std::vector<int64_t> RandomIds() {
  std::mt19937_64 random(1);
  std::uniform_int_distribution<int64_t> row(0, NumRows() - 1);
  std::vector<int64_t> ids(1 << 20);
  for (int64_t& id : ids) id = row(random);
  return ids;
}

}  // namespace emb::bench
