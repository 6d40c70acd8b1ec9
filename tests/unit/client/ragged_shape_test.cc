#include <cstdint>
#include <string>
#include <vector>

#include "emb/types.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"

namespace emb {
namespace {

using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;

auto Lengths(const auto& matcher) {
  return IsOkAndHolds(Field(&RaggedShape::lengths, matcher));
}

TEST(RaggedShape, IsMadeOfTheOffsetsOfEmbeddingBag) {
  EXPECT_THAT(RaggedShape::FromOffsets({0, 2, 2}, 5),
              Lengths(ElementsAre(2, 0, 3)));
  EXPECT_THAT(RaggedShape::FromOffsets({0, 2, 2, 5}, 5, true),
              Lengths(ElementsAre(2, 0, 3)));
  EXPECT_THAT(RaggedShape::FromOffsets({0, 0}, 0), Lengths(ElementsAre(0, 0)));
  EXPECT_THAT(RaggedShape::FromOffsets({}, 0), Lengths(IsEmpty()));
  EXPECT_THAT(RaggedShape::FromOffsets({0}, 0, true), Lengths(IsEmpty()));
}

TEST(RaggedShape, RefusesWrongOffsetsByPosition) {
  const struct {
    std::vector<int64_t> offsets;
    bool include_last_offset;
    std::string complaint;
  } cases[] = {
      {{1, 2}, false, "offsets[0] = 1, want [0, 0]"},
      {{-1}, false, "offsets[0] = -1"},
      {{0, 3, 2}, false, "offsets[2] = 2, want [3, 5]"},
      {{0, -2}, false, "offsets[1] = -2"},
      {{0, 6}, false, "offsets[1] = 6, want [0, 5]"},
      {{0, 2}, true, "offsets[1] = 2, want [5, 5]"},
      {{0}, true, "offsets[0] = 0, want [5, 5]"},
      {{}, false, "offsets: there are none, want one"},
      {{}, true, "offsets: there are none, want one"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.complaint);
    EXPECT_THAT(
        RaggedShape::FromOffsets(c.offsets, 5, c.include_last_offset),
        StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(c.complaint)));
  }
}

}  // namespace
}  // namespace emb
