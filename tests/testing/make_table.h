// Small tables for tests.
#ifndef EMB_TESTS_TESTING_MAKE_TABLE_H_
#define EMB_TESTS_TESTING_MAKE_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/types/span.h"
#include "core/table.h"

namespace emb {

inline absl::Span<const std::byte> AsBytes(absl::Span<const float> values) {
  return {reinterpret_cast<const std::byte*>(values.data()),
          values.size() * sizeof(float)};
}

inline absl::Span<std::byte> AsWritableBytes(absl::Span<float> values) {
  return {reinterpret_cast<std::byte*>(values.data()),
          values.size() * sizeof(float)};
}

// Element (row, column) of a counting table: every element is different and
// exact in float32 up to 2^24 elements.
inline float CountingValue(int64_t row, int64_t column, int64_t dim) {
  return static_cast<float>(row * dim + column);
}

inline std::vector<float> CountingValues(int64_t num_rows, int64_t dim) {
  std::vector<float> values(static_cast<size_t>(num_rows * dim));
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] = static_cast<float>(i);
  }
  return values;
}

inline std::unique_ptr<const Table> MakeCountingTable(int64_t num_rows,
                                                      int64_t dim) {
  TableBuilder builder(num_rows, {DType::kFloat32, dim});
  builder.Write(0, AsBytes(CountingValues(num_rows, dim)));
  return builder.Build();
}

}  // namespace emb

#endif  // EMB_TESTS_TESTING_MAKE_TABLE_H_
