#include "server/reclaimer.h"

#include <memory>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "tests/testing/make_table.h"
#include "tests/testing/status_matchers.h"

namespace emb {
namespace {

TEST(Reclaimer, GivesTheMemoryBackAfterTheLastReader) {
  MemoryBudget budget(1'000);
  {
    Reclaimer reclaimer;
    EMB_ASSERT_OK_AND_ASSIGN(auto reservation, budget.Reserve(600));
    auto table =
        reclaimer.Share(MakeCountingTable(4, 2), std::move(reservation));
    auto reader = table;
    table.reset();
    EXPECT_EQ(budget.used_bytes(), 600);
    EXPECT_EQ(reader->num_rows(), 4);
  }  // The reclaimer frees what was let go of; `reader` was.
  EXPECT_EQ(budget.used_bytes(), 0);
}

TEST(Reclaimer, ATableMayOutliveIt) {
  MemoryBudget budget(1'000);
  std::shared_ptr<const Table> table;
  {
    Reclaimer reclaimer;
    EMB_ASSERT_OK_AND_ASSIGN(auto reservation, budget.Reserve(600));
    table = reclaimer.Share(MakeCountingTable(4, 2), std::move(reservation));
  }
  EXPECT_EQ(table->num_rows(), 4);
  EXPECT_EQ(budget.used_bytes(), 600);
  table.reset();
  EXPECT_EQ(budget.used_bytes(), 0);
}

TEST(Reclaimer, TakesTablesFromManyThreads) {
  MemoryBudget budget(1'000);
  {
    Reclaimer reclaimer;
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        for (int j = 0; j < 100; ++j) {
          reclaimer.Share(MakeCountingTable(4, 2), {});
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
  EXPECT_EQ(budget.used_bytes(), 0);
}

}  // namespace
}  // namespace emb
