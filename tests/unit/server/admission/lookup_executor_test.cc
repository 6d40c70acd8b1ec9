#include "server/admission/lookup_executor.h"

#include <atomic>
#include <optional>
#include <string>
#include <vector>

#include "absl/synchronization/notification.h"
#include "core/mutex.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace emb {
namespace {

using testing::ElementsAre;
using Clock = LookupExecutor::Clock;

// What became of lookups, in order.
class Outcomes {
 public:
  // Work that notes its name, or why it was shed.
  LookupExecutor::Work Note(const std::string& name) {
    return [this, name](std::optional<ShedReason> shed) {
      const MutexLock lock(mutex_);
      names_.push_back(shed.has_value() ? name + " shed" : name);
      reasons_.push_back(shed);
      changed_.NotifyAll();
    };
  }

  // Once there are so many.
  std::vector<std::string> Await(size_t count) {
    MutexLock lock(mutex_);
    while (names_.size() < count) changed_.Wait(mutex_);
    return names_;
  }
  std::optional<ShedReason> reason(size_t index) {
    const MutexLock lock(mutex_);
    return reasons_.at(index);
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  std::vector<std::string> names_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::optional<ShedReason>> reasons_ ABSL_GUARDED_BY(mutex_);
};

// An executor whose one thread is at work until it is let go, and whose clock
// stands still until it is told otherwise.
class LookupExecutorTest : public testing::Test {
 protected:
  LookupExecutorTest()
      : executor_({.inline_max = 1,
                   .threads = 1,
                   .queue_timeout = absl::Milliseconds(50),
                   .now = [this] { return Clock::time_point(now_.load()); }},
                  metrics_) {}

  ~LookupExecutorTest() override {
    if (!release_.HasBeenNotified()) release_.Notify();
  }

  void Occupy() {
    absl::Notification begun;
    executor_.Enqueue("blocker", 1, false, [&](std::optional<ShedReason>) {
      begun.Notify();
      release_.WaitForNotification();
    });
    begun.WaitForNotification();
  }

  void Pass(std::chrono::milliseconds time) { now_.store(now_.load() + time); }

  std::atomic<Clock::duration> now_{std::chrono::hours(1)};
  absl::Notification release_;
  Outcomes outcomes_;
  LookupMetrics metrics_;
  LookupExecutor executor_;
};

TEST_F(LookupExecutorTest, GrantsAsManyInlineTurnsAsItMay) {
  const LookupExecutor::InlineTurn first(executor_);
  EXPECT_TRUE(first.granted());
  const LookupExecutor::InlineTurn second(executor_);
  EXPECT_FALSE(second.granted());
}

TEST_F(LookupExecutorTest, GrantsATurnAgainWhenOneHasEnded) {
  for (int i = 0; i < 3; ++i) {
    const LookupExecutor::InlineTurn turn(executor_);
    EXPECT_TRUE(turn.granted());
  }
}

TEST_F(LookupExecutorTest, GrantsNoTurnPastThoseThatWait) {
  Occupy();
  executor_.Enqueue("a", 1, false, outcomes_.Note("waits"));
  EXPECT_EQ(executor_.num_queued(), 1);
  {
    const LookupExecutor::InlineTurn turn(executor_);
    EXPECT_FALSE(turn.granted());
  }
  release_.Notify();
  EXPECT_THAT(outcomes_.Await(1), ElementsAre("waits"));
  EXPECT_EQ(executor_.num_queued(), 0);
}

TEST_F(LookupExecutorTest, ServesCallersInTurn) {
  Occupy();
  for (const char* name : {"a1", "a2", "a3"}) {
    executor_.Enqueue("a", 16'384, false, outcomes_.Note(name));
  }
  executor_.Enqueue("b", 16'384, false, outcomes_.Note("b1"));
  release_.Notify();
  EXPECT_THAT(outcomes_.Await(4), ElementsAre("a1", "b1", "a2", "a3"));
}

TEST_F(LookupExecutorTest, ShedsWhatWaitedForTooLong) {
  Occupy();
  executor_.Enqueue("a", 1, false, outcomes_.Note("old"));
  Pass(std::chrono::milliseconds(51));
  executor_.Enqueue("a", 1, false, outcomes_.Note("new"));
  release_.Notify();
  EXPECT_THAT(outcomes_.Await(2), ElementsAre("old shed", "new"));
  EXPECT_EQ(outcomes_.reason(0), ShedReason::kQueueTimeout);
  EXPECT_EQ(metrics_.queue_seconds.Read().total, 3);  // The blocker too.
}

// Where the queue never gets empty, patience serves nobody.
TEST_F(LookupExecutorTest, IsLessPatientWhereTheQueueStands) {
  Occupy();
  executor_.Enqueue("a", 1, false, outcomes_.Note("oldest"));
  Pass(std::chrono::milliseconds(60));
  executor_.Enqueue("a", 1, false, outcomes_.Note("older"));
  Pass(std::chrono::milliseconds(6));  // Less than 50, more than 5.
  executor_.Enqueue("a", 1, false, outcomes_.Note("new"));
  release_.Notify();
  EXPECT_THAT(outcomes_.Await(3),
              ElementsAre("oldest shed", "older shed", "new"));
}

TEST_F(LookupExecutorTest, RefusesWhoHasNoFewerThanTheOthersWhenFull) {
  Occupy();
  executor_.Enqueue("a", 1, /*full=*/true, outcomes_.Note("a1"));
  EXPECT_THAT(outcomes_.Await(1), ElementsAre("a1 shed"));
  EXPECT_EQ(outcomes_.reason(0), ShedReason::kRequests);
}

TEST_F(LookupExecutorTest, GivesUpTheGreedyForTheOthersWhenFull) {
  Occupy();
  for (const char* name : {"a1", "a2", "a3"}) {
    executor_.Enqueue("a", 1, false, outcomes_.Note(name));
  }
  executor_.Enqueue("b", 1, /*full=*/true, outcomes_.Note("b1"));
  EXPECT_THAT(outcomes_.Await(1), ElementsAre("a3 shed"));
  EXPECT_EQ(outcomes_.reason(0), ShedReason::kQueueFull);
  release_.Notify();
  EXPECT_THAT(outcomes_.Await(4), ElementsAre("a3 shed", "a1", "a2", "b1"));
}

TEST(LookupExecutor, DoesAllThatWaitsBeforeItEnds) {
  LookupMetrics metrics;
  std::atomic<int> done = 0;
  {
    LookupExecutor executor({.inline_max = 1, .threads = 2}, metrics);
    for (int i = 0; i < 100; ++i) {
      executor.Enqueue("a", 1, false,
                       [&done](std::optional<ShedReason>) { ++done; });
    }
  }
  EXPECT_EQ(done, 100);
}

}  // namespace
}  // namespace emb
