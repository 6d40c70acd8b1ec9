#include "server/worker_pool.h"

#include <atomic>

#include "gtest/gtest.h"

namespace emb {
namespace {

TEST(WorkerPool, FinishesEveryTask) {
  std::atomic<int> done{0};
  {
    WorkerPool pool(3);
    for (int i = 0; i < 1'000; ++i) pool.Run([&] { ++done; });
  }
  EXPECT_EQ(done, 1'000);
}

TEST(WorkerPool, ATaskMayAddTasks) {
  std::atomic<int> done{0};
  {
    WorkerPool pool(1);
    pool.Run([&] { pool.Run([&] { ++done; }); });
  }
  EXPECT_EQ(done, 1);
}

}  // namespace
}  // namespace emb
