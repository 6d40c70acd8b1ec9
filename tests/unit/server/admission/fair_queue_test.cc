#include "server/admission/fair_queue.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace emb {
namespace {

using testing::ElementsAre;
using testing::Eq;
using testing::IsEmpty;
using testing::Optional;

// Everything that is left, in order.
std::vector<std::string> Drain(FairQueue<std::string>& queue) {
  std::vector<std::string> items;
  while (auto item = queue.Pop()) items.push_back(*std::move(item));
  return items;
}

TEST(FairQueue, KeepsTheOrderOfOneCaller) {
  FairQueue<std::string> queue(10);
  for (const char* item : {"1", "2", "3"}) queue.Push("a", 25, item);
  EXPECT_EQ(queue.size(), 3U);
  EXPECT_THAT(Drain(queue), ElementsAre("1", "2", "3"));
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(queue.Pop(), std::nullopt);
}

TEST(FairQueue, ServesCallersInTurnHoweverManyItemsOneHas) {
  FairQueue<std::string> queue(10);
  for (const char* item : {"a1", "a2", "a3", "a4"}) queue.Push("a", 10, item);
  queue.Push("b", 10, "b1");
  queue.Push("c", 10, "c1");
  EXPECT_THAT(Drain(queue), ElementsAre("a1", "b1", "c1", "a2", "a3", "a4"));
}

// Ids count, not requests.
TEST(FairQueue, ServesCheapItemsMoreOftenThanDearOnes) {
  FairQueue<std::string> queue(10);
  for (const char* item : {"A", "A", "A"}) queue.Push("a", 30, item);
  for (int i = 0; i < 9; ++i) queue.Push("b", 10, "b");
  std::vector<std::string> items = Drain(queue);
  int cheap = 0;
  std::vector<int> cheap_before_dear;
  for (const std::string& item : items) {
    if (item == "b") ++cheap;
    if (item == "A") cheap_before_dear.push_back(cheap);
  }
  // Three cheap ones for each dear one, give or take where a round begins.
  ASSERT_EQ(cheap_before_dear.size(), 3U);
  for (int i = 0; i < 3; ++i) {
    EXPECT_NEAR(cheap_before_dear[i], 3 * i + 2, 1) << i;
  }
}

TEST(FairQueue, SavesNothingForACallerThatIsAway) {
  FairQueue<std::string> queue(10);
  queue.Push("a", 1, "a1");
  EXPECT_THAT(Drain(queue), ElementsAre("a1"));
  queue.Push("a", 19, "a2");
  queue.Push("b", 10, "b1");
  // With the 9 left from the first time a2 would come first.
  EXPECT_THAT(Drain(queue), ElementsAre("b1", "a2"));
}

TEST(FairQueue, GivesUpTheNewestOfWhoHasMost) {
  FairQueue<std::string> queue(10);
  for (const char* item : {"a1", "a2", "a3"}) queue.Push("a", 10, item);
  queue.Push("b", 10, "b1");
  EXPECT_THAT(queue.TakeFromLongest("b"), Optional(Eq("a3")));
  // Now b with one more would have as many.
  EXPECT_EQ(queue.TakeFromLongest("b"), std::nullopt);
  EXPECT_EQ(queue.TakeFromLongest("a"), std::nullopt);
  EXPECT_THAT(queue.TakeFromLongest("new"), Optional(Eq("a2")));
  EXPECT_EQ(queue.TakeFromLongest("new"), std::nullopt);
  EXPECT_THAT(Drain(queue), ElementsAre("a1", "b1"));
  EXPECT_THAT(Drain(queue), IsEmpty());
}

}  // namespace
}  // namespace emb
