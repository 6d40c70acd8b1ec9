#include "server/memory_budget.h"

#include <limits>
#include <thread>
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
                       HasSubstr("41 bytes needed, 40 bytes of 100 bytes are "
                                 "free; drop tables or raise --memory_limit")));
  EXPECT_THAT(budget.Reserve(std::numeric_limits<int64_t>::max()),
              StatusIs(StatusCode::kResourceExhausted));
  EMB_EXPECT_OK(budget.Reserve(40));
}

TEST(MemoryBudget, WaitsForWhatOthersGiveBack) {
  MemoryBudget budget(100);
  auto first = budget.Reserve(60);
  EXPECT_THAT(budget.ReserveWithin(absl::Milliseconds(1), 41),
              StatusIs(StatusCode::kResourceExhausted));
  std::thread other([&] { first = absl::CancelledError(); });
  EMB_EXPECT_OK(budget.ReserveWithin(absl::Minutes(1), 100));
  other.join();
}

TEST(MemoryBudget, WhatIsSpareGoesFirst) {
  MemoryBudget budget(100);
  auto spare = budget.Reserve(60);
  budget.SetSpare({[&] { return spare.ok() ? spare->bytes() : 0; },
                   [&](int64_t bytes) {
                     if (!spare.ok() || spare->bytes() < bytes) return false;
                     spare = absl::CancelledError();
                     return true;
                   }});
  EMB_EXPECT_OK(budget.Reserve(40));
  EXPECT_THAT(budget.Reserve(101), StatusIs(StatusCode::kResourceExhausted));
  EXPECT_THAT(budget.CheckFits(101), StatusIs(StatusCode::kResourceExhausted));
  EMB_EXPECT_OK(budget.CheckFits(100));
  EXPECT_EQ(budget.used_bytes(), 60);
  EMB_EXPECT_OK(budget.Reserve(41));
  EXPECT_EQ(budget.used_bytes(), 0);
  EXPECT_THAT(budget.CheckFits(101), StatusIs(StatusCode::kResourceExhausted));
}

TEST(MemoryBudget, SpeaksInUnits) {
  MemoryBudget budget(int64_t{4} << 30);
  EXPECT_THAT(budget.Reserve(int64_t{12} << 30),
              StatusIs(StatusCode::kResourceExhausted,
                       HasSubstr("12.0 GiB (12,884,901,888 bytes) needed")));
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
