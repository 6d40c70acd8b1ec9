#include "server/admission/in_flight.h"

#include <memory>

#include "gtest/gtest.h"

namespace emb {
namespace {

Limits Of(int64_t requests, int64_t bytes) {
  Limits limits;
  limits.inflight_requests_max = requests;
  limits.inflight_bytes_max = bytes;
  return limits;
}

TEST(InFlight, CountsPlacesForAsLongAsTheyLive) {
  InFlight in_flight(Of(1, 100));
  auto first = std::make_unique<InFlight::Place>(in_flight);
  EXPECT_FALSE(first->is_too_many());
  {
    const InFlight::Place second(in_flight);
    EXPECT_TRUE(second.is_too_many());
    EXPECT_EQ(in_flight.requests(), 2);
  }
  EXPECT_FALSE(first->is_too_many());
  first.reset();
  EXPECT_EQ(in_flight.requests(), 0);
}

TEST(InFlight, GivesBytesUpToTheLimitAndTakesThemBack) {
  InFlight in_flight(Of(10, 100));
  {
    InFlight::Place place(in_flight);
    EXPECT_TRUE(place.TakeBytes(60));
    EXPECT_TRUE(place.TakeBytes(40));
    EXPECT_FALSE(place.TakeBytes(1));
    EXPECT_EQ(in_flight.bytes(), 100);
    InFlight::Place other(in_flight);
    EXPECT_FALSE(other.TakeBytes(1));
  }
  EXPECT_EQ(in_flight.bytes(), 0);
}

TEST(InFlight, FollowsLimitsThatChange) {
  InFlight in_flight(Of(1, 10));
  InFlight::Place first(in_flight);
  InFlight::Place second(in_flight);
  EXPECT_TRUE(second.is_too_many());
  in_flight.SetLimits(Of(2, 20));
  EXPECT_FALSE(second.is_too_many());
  EXPECT_TRUE(second.TakeBytes(20));
}

}  // namespace
}  // namespace emb
