#include "server/idle_priority.h"

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <future>
#include <string>
#include <thread>

#include "gtest/gtest.h"
#include "server/worker_pool.h"

namespace emb {
namespace {

int Policy() { return sched_getscheduler(0); }

TEST(IdlePriority, IsThatOfTheWorkAndOfThreadsItStarts) {
  const int before = Policy();
  int of_work = -1;
  int of_helper = -1;
  RunAtIdlePriority([&] {
    of_work = Policy();
    std::thread([&] { of_helper = Policy(); }).join();
  });
  EXPECT_EQ(of_work, SCHED_IDLE);
  EXPECT_EQ(of_helper, SCHED_IDLE);
  EXPECT_EQ(Policy(), before);
}

int NumCpus() {
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  sched_getaffinity(0, sizeof(cpus), &cpus);
  return CPU_COUNT(&cpus);
}

TEST(IdlePriority, LeavesOneCpuAloneHoweverDeepItIsAskedFor) {
  const int before = NumCpus();
  int of_work = -1;
  int of_inner_work = -1;
  RunAtIdlePriority([&] {
    of_work = NumCpus();
    RunAtIdlePriority([&] { of_inner_work = NumCpus(); });
  });
  EXPECT_EQ(of_work, std::max(1, before - 1));
  EXPECT_EQ(of_inner_work, of_work);
  EXPECT_EQ(NumCpus(), before);
}

TEST(IdlePriority, IsThatOfAWorkerPoolOnDemand) {
  std::atomic<int> of_idle{-1};
  std::atomic<int> of_normal{-1};
  {
    WorkerPool idle(1, WorkerPool::Priority::kIdle);
    WorkerPool normal(1);
    idle.Run([&] { of_idle = Policy(); });
    normal.Run([&] { of_normal = Policy(); });
  }
  EXPECT_EQ(of_idle, SCHED_IDLE);
  EXPECT_EQ(of_normal, Policy());
}

// Threads of this process at idle priority.
int NumIdle() {
  int count = 0;
  for (const auto& task :
       std::filesystem::directory_iterator("/proc/self/task")) {
    const pid_t id = std::stoi(task.path().filename().string());
    if (sched_getscheduler(id) == SCHED_IDLE) ++count;
  }
  return count;
}

// Those of a killed process that wait at idle priority keep its connections
// open until they get some time to end.
TEST(IdlePriority, IsNotThatOfAPoolThatWaits) {
  constexpr int kThreads = 4;
  WorkerPool pool(kThreads, WorkerPool::Priority::kIdle);
  std::atomic<int> at_work{-1};
  for (int i = 0; i < kThreads; ++i) pool.Run([] {});
  std::promise<void> over;
  pool.Run([&] {
    at_work = NumIdle();
    over.set_value();
  });
  over.get_future().wait();
  EXPECT_GE(at_work, 1);
  // The last ones may not have ended yet, but do by themselves.
  const auto give_up =
      std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (NumIdle() > 0) {
    ASSERT_LT(std::chrono::steady_clock::now(), give_up);
    std::this_thread::yield();
  }
}

}  // namespace
}  // namespace emb
