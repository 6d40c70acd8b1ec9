#include "client/cli/bench/send_schedule.h"

#include <algorithm>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace emb {
namespace {

TEST(SendSchedule, SpacesRequestsEvenly) {
  const SendSchedule schedule(4, {.connection = 0, .num_connections = 1});
  for (int64_t k = 0; k < 9; ++k) {
    EXPECT_EQ(schedule.Due(k), k * absl::Milliseconds(250));
  }
}

TEST(SendSchedule, ConnectionsTakeTurns) {
  std::vector<absl::Duration> due;
  for (const int64_t connection : {0, 1, 2}) {
    const SendSchedule schedule(
        10, {.connection = connection, .num_connections = 3});
    for (int64_t k = 0; k < 4; ++k) due.push_back(schedule.Due(k));
  }
  std::sort(due.begin(), due.end());
  for (size_t i = 0; i < due.size(); ++i) {
    EXPECT_EQ(due[i], static_cast<int64_t>(i) * absl::Milliseconds(100));
  }
}

// A day at a rate whose interval is no number of nanoseconds.
TEST(SendSchedule, DoesNotDrift) {
  const SendSchedule schedule(7'000, {.connection = 0, .num_connections = 1});
  EXPECT_EQ(schedule.Due(int64_t{7'000} * 86'400), absl::Hours(24));
}

TEST(SendSchedule, CountsWhatIsDueBefore) {
  for (const double rate : {0.5, 3.0, 7.0, 1e6}) {
    for (const int64_t connection : {0, 2}) {
      SCOPED_TRACE(testing::Message() << rate << " " << connection);
      const SendSchedule schedule(
          rate, {.connection = connection, .num_connections = 3});
      EXPECT_EQ(schedule.NumDueBefore(-absl::Seconds(1)), 0);
      EXPECT_EQ(schedule.NumDueBefore(absl::ZeroDuration()), 0);
      for (const int64_t k : {0, 1, 2, 1'000}) {
        EXPECT_EQ(schedule.NumDueBefore(schedule.Due(k)), k);
        EXPECT_EQ(schedule.NumDueBefore(schedule.Due(k) + absl::Nanoseconds(1)),
                  k + 1);
      }
    }
  }
}

}  // namespace
}  // namespace emb
