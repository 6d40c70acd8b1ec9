#include "core/table.h"

#include <cstring>
#include <random>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/make_table.h"

namespace emb {
namespace {

// All bytes of a table in row order.
std::vector<std::byte> Flatten(const Table& table) {
  std::vector<std::byte> bytes;
  for (int64_t row = 0; row < table.num_rows();) {
    const auto rows = table.ContiguousRows(row, table.num_rows() - row);
    bytes.insert(bytes.end(), rows.begin(), rows.end());
    row += static_cast<int64_t>(rows.size()) / table.row_bytes();
  }
  return bytes;
}

TEST(BlockGeometry, FillsBlocksOfSixteenKibibytes) {
  const struct {
    int64_t num_rows;
    int64_t row_bytes;
    int64_t want_rows;
  } cases[] = {
      {1'000'000, 256, 64},     // 64 x float32: exactly 16 KiB.
      {1'000'000, 4, 4'096},    // dim 1.
      {1'000'000, 1'200, 8},    // 13 would fit; a power of two is shifted.
      {1'000'000, 262'144, 1},  // A row larger than a block.
      {26, 128, 32},            // No more than the table needs.
      {1, 4, 1},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(testing::Message() << c.num_rows << " x " << c.row_bytes);
    EXPECT_EQ(BlockGeometry::For(c.num_rows, c.row_bytes).rows(), c.want_rows);
  }
}

TEST(Table, HoldsEveryRowWhateverTheShape) {
  const struct {
    int64_t num_rows;
    int64_t dim;
  } cases[] = {{1, 1},
               {2, 3},
               {63, 64},
               {64, 64},
               {65, 64},
               {1'000, 5},
               {9, 5'000},
               {300, 300},
               {5'000, 1},
               // Several pages of 1,024 blocks: 1,024 blocks of 2 rows each.
               {2'100, 2'048}};
  for (const auto& c : cases) {
    SCOPED_TRACE(testing::Message() << c.num_rows << " x " << c.dim);
    const auto table = MakeCountingTable(c.num_rows, c.dim);
    for (int64_t row = 0; row < c.num_rows; ++row) {
      std::vector<float> values(static_cast<size_t>(c.dim));
      std::memcpy(values.data(), table->row(row), values.size() * 4);
      ASSERT_EQ(values.front(), CountingValue(row, 0, c.dim));
      ASSERT_EQ(values.back(), CountingValue(row, c.dim - 1, c.dim));
    }
  }
}

TEST(TableBuilder, TakesBytesCutAnywhere) {
  constexpr int64_t kRows = 700;
  constexpr int64_t kDim = 37;
  const std::vector<float> values = CountingValues(kRows, kDim);
  const auto want = AsBytes(values);
  std::mt19937 random(7);
  TableBuilder builder(kRows, {DType::kFloat32, kDim});
  for (size_t offset = 0; offset < want.size();) {
    const size_t size =
        std::min<size_t>(1 + random() % 40'000, want.size() - offset);
    builder.Write(static_cast<int64_t>(offset), want.subspan(offset, size));
    offset += size;
  }
  EXPECT_EQ(Flatten(*builder.Build()),
            std::vector<std::byte>(want.begin(), want.end()));
}

TEST(TableBuilder, RowsNotWrittenAreZero) {
  TableBuilder builder(100, {DType::kFloat32, 3});
  const auto table = builder.Build();
  EXPECT_THAT(Flatten(*table), testing::Each(std::byte{0}));
}

TEST(TableBuilder, ZeroRowTouchesNoOther) {
  TableBuilder builder(3, {DType::kFloat32, 2});
  builder.Write(0, std::vector<std::byte>(24, std::byte{7}));
  builder.ZeroRow(1);
  const auto bytes = Flatten(*builder.Build());
  for (size_t i = 0; i < bytes.size(); ++i) {
    EXPECT_EQ(bytes[i], i / 8 == 1 ? std::byte{0} : std::byte{7}) << i;
  }
}

TEST(Table, MemoryStaysNearTheRawBytes) {
  // Goal: 1.05 times the raw bytes, directory included.
  for (const int64_t row_bytes : {4, 128, 256, 1'200, 3'072}) {
    const int64_t raw = 1'000'000 * row_bytes;
    EXPECT_LE(Table::MemoryBytes(1'000'000, row_bytes), raw * 105 / 100)
        << row_bytes;
  }
}

}  // namespace
}  // namespace emb
