#include "server/memory_budget.h"

#include <limits>
#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"

namespace emb {
namespace {

using absl::StatusCode;
using testing::HasSubstr;

TEST(MemoryBudget, RefusesWhatDoesNotFit) {
  MemoryBudget budget(100);
  EMB_ASSERT_OK_AND_ASSIGN(auto first, budget.Reserve(60));
  EXPECT_THAT(budget.Reserve(41),
              StatusIs(StatusCode::kResourceExhausted,
                       HasSubstr("41 bytes needed, 40 of 100 are free")));
  EXPECT_THAT(budget.Reserve(std::numeric_limits<int64_t>::max()),
              StatusIs(StatusCode::kResourceExhausted));
  EMB_EXPECT_OK(budget.Reserve(40));
}

TEST(MemoryBudget, AReservationGivesItsBytesBackOnce) {
  MemoryBudget budget(100);
  {
    EMB_ASSERT_OK_AND_ASSIGN(auto first, budget.Reserve(60));
    MemoryBudget::Reservation second = std::move(first);
    EXPECT_EQ(budget.used_bytes(), 60);
    EMB_ASSERT_OK_AND_ASSIGN(second, budget.Reserve(10));
    EXPECT_EQ(budget.used_bytes(), 10);
  }
  EXPECT_EQ(budget.used_bytes(), 0);
}

}  // namespace
}  // namespace emb
