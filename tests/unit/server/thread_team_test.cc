#include "server/thread_team.h"

#include <atomic>
#include <cstddef>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace emb {
namespace {

TEST(ThreadTeam, RunsEveryPartOnce) {
  for (const int threads : {1, 2, 5}) {
    SCOPED_TRACE(threads);
    ThreadTeam team(threads);
    EXPECT_EQ(team.num_threads(), threads);
    for (const int64_t count : {0, 1, 2, 100, 3}) {
      std::vector<std::atomic<int>> runs(static_cast<size_t>(count));
      team.Run(count, [&](int64_t i) { ++runs[static_cast<size_t>(i)]; });
      // All have returned: plain reads would race otherwise.
      for (const auto& run : runs) EXPECT_EQ(run, 1);
    }
  }
}

// Two parts that wait for each other end only if they run at the same time.
TEST(ThreadTeam, RunsPartsAtTheSameTime) {
  ThreadTeam team(2);
  std::atomic<int> arrived = 0;
  team.Run(2, [&](int64_t) {
    ++arrived;
    while (arrived < 2) std::this_thread::yield();
  });
  EXPECT_EQ(arrived, 2);
}

}  // namespace
}  // namespace emb
