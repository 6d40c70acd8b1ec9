// The table that kernels are measured on.
#ifndef EMB_BENCH_BENCH_TABLE_H_
#define EMB_BENCH_BENCH_TABLE_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "core/dtype.h"
#include "core/table.h"

namespace emb::bench {

constexpr int64_t kDim = 64;
constexpr int64_t kRowBytes = 256;  // Of float32.

// 1,000,000, or what the environment's EMB_BENCH_ROWS says.
int64_t NumRows();

// NumRows() x kDim zeros. Every page was written, so that it has memory of its
// own.
std::unique_ptr<const Table> MakeTable(DType dtype = DType::kFloat32);

// A million rows of such a table, each as likely as any other.
std::vector<int64_t> RandomIds();

}  // namespace emb::bench

#endif  // EMB_BENCH_BENCH_TABLE_H_
