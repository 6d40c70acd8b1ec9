#include "core/absent_ids.h"

#include <cstdint>
#include <limits>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace emb {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
constexpr int64_t kMin = std::numeric_limits<int64_t>::min();

TEST(AbsentIds, AreThoseOutsideAndBothPaddingIds) {
  const AbsentIds outside(4);
  for (const int64_t id : {int64_t{4}, int64_t{-1}, kMax, kMin}) {
    EXPECT_TRUE(outside.Contains(id)) << id;
  }
  for (const int64_t id : {0, 1, 2, 3}) EXPECT_FALSE(outside.Contains(id));

  const AbsentIds padding(4, 2, 0);
  EXPECT_TRUE(padding.Contains(2));
  EXPECT_TRUE(padding.Contains(0));
  EXPECT_FALSE(padding.Contains(1));
  EXPECT_TRUE(padding.Contains(4));
}

TEST(FindIdOutside, NamesTheFirstPosition) {
  const struct {
    const char* name;
    std::vector<int64_t> ids;
    std::optional<int64_t> padding_id;
    std::optional<size_t> want;
  } cases[] = {
      {"one past the end", {4}, {}, 0},
      {"negative", {0, -1}, {}, 1},
      {"first of several", {3, 9, 8}, {}, 1},
      {"largest", {0, 0, kMax}, {}, 2},
      {"smallest", {kMin}, {}, 0},
      {"another than the padding id", {-1, -2}, -1, 1},
      {"all inside", {0, 1, 2, 3, 3, 0}, {}, {}},
      {"none at all", {}, {}, {}},
      {"the padding test comes first", {-1, 0, -1}, -1, {}},
      {"a padding id far outside", {kMax}, kMax, {}},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    EXPECT_EQ(FindIdOutside(c.ids, 4, c.padding_id), c.want);
    EXPECT_EQ(MarkIdsOutside(c.ids, 4, c.padding_id).empty(),
              !c.want.has_value());
  }
}

TEST(MarkIdsOutside, SetsOneBitPerIdLowestFirst) {
  EXPECT_THAT(MarkIdsOutside({9, 0, -1, 3}, 4, {}), ElementsAre(0b0101));
  EXPECT_THAT(MarkIdsOutside({0, 0, 0, 0, 0, 0, 0, 0, 4}, 4, {}),
              ElementsAre(0, 1));
  EXPECT_THAT(MarkIdsOutside({-1, 7, -1}, 4, -1), ElementsAre(0b010));
  EXPECT_THAT(MarkIdsOutside({0, 1, -1}, 4, -1), IsEmpty());
}

}  // namespace
}  // namespace emb
