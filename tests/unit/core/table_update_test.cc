#include "core/table_update.h"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include "core/mutex.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/make_table.h"

namespace emb {
namespace {

using TablePtr = std::shared_ptr<const Table>;

std::vector<float> RowsOf(const Table& table) {
  const auto dim = static_cast<size_t>(table.row_bytes() / 4);
  std::vector<float> rows(static_cast<size_t>(table.num_rows()) * dim);
  for (int64_t i = 0; i < table.num_rows(); ++i) {
    std::memcpy(rows.data() + static_cast<size_t>(i) * dim, table.row(i),
                dim * 4);
  }
  return rows;
}

TEST(UpdateRows, ReplacesRowsAndLeavesTheBaseAlone) {
  const auto base = MakeCountingTable(5, 2);
  const std::vector<float> values = {-1, -2, -3, -4, -5, -6};
  // Row 3 twice: the last counts.
  const auto next = UpdateRows(*base, {3, 0, 3}, AsBytes(values));
  EXPECT_THAT(RowsOf(*next),
              testing::ElementsAre(-3, -4, 2, 3, 4, 5, -5, -6, 8, 9));
  EXPECT_EQ(RowsOf(*base), CountingValues(5, 2));
}

TEST(UpdateRows, SharesBlocksWithoutANewRow) {
  const auto base = MakeCountingTable(10'000, 64);  // 64 rows a block.
  const std::vector<float> values(64, 1.0F);
  const auto next = UpdateRows(*base, {640}, AsBytes(values));
  EXPECT_EQ(next->row(0), base->row(0));
  EXPECT_EQ(next->row(9'999), base->row(9'999));
  EXPECT_EQ(next->row(704), base->row(704));
  EXPECT_NE(next->row(641), base->row(641));
}

TEST(UpdateRows, OfNothingIsAnEqualTable) {
  const auto base = MakeCountingTable(5, 2);
  const auto next = UpdateRows(*base, {}, {});
  EXPECT_EQ(RowsOf(*next), RowsOf(*base));
}

// Random updates against a plain array, while readers hold some of the tables
// on the way: none of them ever changes.
TEST(UpdateRows, AgreesWithAPlainArrayThroughManyTables) {
  std::mt19937 random(5);
  for (const int64_t dim : {1, 7, 64, 5'000}) {
    SCOPED_TRACE(dim);
    const int64_t num_rows = 2'000;
    TablePtr table = MakeCountingTable(num_rows, dim);
    std::vector<float> plain = CountingValues(num_rows, dim);
    std::vector<std::pair<TablePtr, std::vector<float>>> held;
    for (int step = 0; step < 30; ++step) {
      std::vector<int64_t> ids(random() % 50);
      std::vector<float> values;
      for (int64_t& id : ids) {
        id = static_cast<int64_t>(random()) % num_rows;
        for (int64_t c = 0; c < dim; ++c) {
          values.push_back(static_cast<float>(random() % 1'000));
          plain[static_cast<size_t>(id * dim + c)] = values.back();
        }
      }
      table = UpdateRows(*table, ids, AsBytes(values));
      if (random() % 4 == 0) held.emplace_back(table, plain);
      if (held.size() > 3) held.erase(held.begin() + random() % 3);
    }
    ASSERT_EQ(RowsOf(*table), plain);
    for (const auto& [old, rows] : held) ASSERT_EQ(RowsOf(*old), rows);
  }
}

// Blocks that nobody reads are used again: memory does not grow with updates.
TEST(UpdateRows, UsesReplacedBlocksAgain) {
  TablePtr table = MakeCountingTable(1'000, 64);
  const std::vector<float> values(64, 1.0F);
  std::vector<const std::byte*> seen;
  for (int i = 0; i < 100; ++i) {
    table = UpdateRows(*table, {5}, AsBytes(values));
    seen.push_back(table->row(5));
  }
  std::sort(seen.begin(), seen.end());
  seen.erase(std::unique(seen.begin(), seen.end()), seen.end());
  EXPECT_LE(seen.size(), 3U);
}

// Its end must not recurse into the end of every table after it.
TEST(UpdateRows, AReaderMayHoldATableThroughManyUpdates) {
  TablePtr first = MakeCountingTable(4, 1);
  TablePtr table = first;
  const std::vector<float> values(1, 1.0F);
  for (int i = 0; i < 200'000; ++i) {
    table = UpdateRows(*table, {i % 4}, AsBytes(values));
  }
  EXPECT_EQ(RowsOf(*first), CountingValues(4, 1));
  first.reset();
  EXPECT_THAT(RowsOf(*table), testing::Each(1.0F));
}

// Every row of a table carries the number of its update: a reader that sees
// two numbers in one table has seen a block change under it.
TEST(UpdateRows, ReadersSeeOneUpdateOfATable) {
  constexpr int64_t kRows = 64;
  constexpr int64_t kDim = 64;
  std::vector<int64_t> ids(kRows);
  for (int64_t i = 0; i < kRows; ++i) ids[static_cast<size_t>(i)] = i;
  const std::vector<float> zeros(kRows * kDim);
  const TablePtr base = MakeCountingTable(kRows, kDim);
  Mutex mutex;
  TablePtr newest = UpdateRows(*base, ids, AsBytes(zeros));
  std::atomic<bool> done = false;
  std::atomic<int> torn = 0;
  const auto read = [&] {
    while (!done) {
      TablePtr table;
      {
        MutexLock lock(mutex);
        table = newest;
      }
      const std::vector<float> rows = RowsOf(*table);
      for (const float value : rows) torn += value != rows[0] ? 1 : 0;
    }
  };
  std::thread one(read);
  std::thread two(read);
  for (int update = 1; update <= 2'000; ++update) {
    const std::vector<float> values(kRows * kDim, static_cast<float>(update));
    TablePtr next = UpdateRows(*newest, ids, AsBytes(values));
    MutexLock lock(mutex);
    newest.swap(next);
  }
  done = true;
  one.join();
  two.join();
  EXPECT_EQ(torn, 0);
}

}  // namespace
}  // namespace emb
