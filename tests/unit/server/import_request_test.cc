#include "server/import_request.h"

#include <optional>

#include "gtest/gtest.h"

namespace emb {
namespace {

TableSpec Before() {
  TableSpec spec;
  spec.name = "item";
  spec.num_rows = 10;
  spec.dim = 4;
  spec.padding_idx = 6;
  spec.keep_padding_row = true;
  spec.max_norm = 1.5;
  spec.norm_type = 1;
  return spec;
}

ImportRequest Request(int64_t num_rows) {
  ImportRequest request;
  request.spec.name = "item";
  request.spec.num_rows = num_rows;
  request.spec.dim = 4;
  return request;
}

TEST(SpecOfNextVersion, KeepsWhatIsNotSaid) {
  const TableSpec spec = SpecOfNextVersion(Request(12), Before());
  EXPECT_EQ(spec.num_rows, 12);
  EXPECT_EQ(spec.padding_idx, 6);
  EXPECT_TRUE(spec.keep_padding_row);
  EXPECT_EQ(spec.max_norm, 1.5);
  EXPECT_EQ(spec.norm_type, 1);
}

TEST(SpecOfNextVersion, TakesWhatIsSaid) {
  ImportRequest request = Request(10);
  request.spec.padding_idx = -1;
  request.spec.max_norm = 3;
  TableSpec spec = SpecOfNextVersion(request, Before());
  EXPECT_EQ(spec.padding_idx, -1);
  // Of a padding row named anew nothing was said, so it is zero.
  EXPECT_FALSE(spec.keep_padding_row);
  EXPECT_EQ(spec.max_norm, 3);
  EXPECT_EQ(spec.norm_type, 1);

  request.norm_type_given = true;
  request.spec.norm_type = 2;
  spec = SpecOfNextVersion(request, Before());
  EXPECT_EQ(spec.norm_type, 2);
}

TEST(SpecOfNextVersion, DropsWhatShallBeNoMore) {
  ImportRequest request = Request(10);
  request.no_padding_idx = true;
  request.no_max_norm = true;
  const TableSpec spec = SpecOfNextVersion(request, Before());
  EXPECT_EQ(spec.padding_idx, std::nullopt);
  EXPECT_FALSE(spec.keep_padding_row);
  EXPECT_EQ(spec.max_norm, std::nullopt);
  EXPECT_EQ(spec.norm_type, 2);
}

TEST(SpecOfNextVersion, TheRowOfAKeptPaddingIdxMayBeKeptFromNowOn) {
  TableSpec before = Before();
  before.keep_padding_row = false;
  ImportRequest request = Request(10);
  EXPECT_FALSE(SpecOfNextVersion(request, before).keep_padding_row);
  request.spec.keep_padding_row = true;
  EXPECT_TRUE(SpecOfNextVersion(request, before).keep_padding_row);
}

}  // namespace
}  // namespace emb
