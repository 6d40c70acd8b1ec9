// A table of any dtype, and one of float32 that must answer just as it does.
#ifndef EMB_TESTS_TESTING_TWIN_TABLES_H_
#define EMB_TESTS_TESTING_TWIN_TABLES_H_

#include <cstdint>
#include <memory>
#include <random>
#include <vector>

#include "core/row_encoder.h"
#include "core/simd_decode.h"
#include "core/table.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"

namespace emb {

// The same rows twice: as they are stored, and decoded to float32.
struct TwinTables {
  std::unique_ptr<const Table> stored;
  std::unique_ptr<const Table> decoded;
};

inline TwinTables MakeTwinTables(int64_t num_rows, const RowFormat& format,
                                 std::mt19937& random) {
  std::normal_distribution<float> normal;
  TableBuilder stored(num_rows, format);
  TableBuilder decoded(num_rows, {DType::kFloat32, format.dim});
  RowEncoder encoder(format);
  std::vector<float> row(static_cast<size_t>(format.dim));
  for (int64_t id = 0; id < num_rows; ++id) {
    for (float& x : row) x = normal(random);
    EMB_EXPECT_OK(encoder.Encode(row, stored.mutable_row(id)));
    DecodeRow(format, stored.mutable_row(id).data(),
              decoded.mutable_row(id).data());
  }
  return {stored.Build(), decoded.Build()};
}

}  // namespace emb

#endif  // EMB_TESTS_TESTING_TWIN_TABLES_H_
