#include "core/gather.h"

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/make_table.h"

namespace emb {
namespace {

std::vector<float> Gather(const Table& table, const std::vector<int64_t>& ids,
                          std::optional<int64_t> padding_id = std::nullopt) {
  std::vector<float> out(ids.size() *
                         static_cast<size_t>(table.row_bytes() / 4));
  GatherRows(table, ids, padding_id, AsWritableBytes(absl::MakeSpan(out)));
  return out;
}

TEST(FindIdOutside, NamesTheFirstPosition) {
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
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
  }
}

TEST(GatherRows, KeepsOrderAndRepeats) {
  const auto table = MakeCountingTable(4, 2);
  EXPECT_THAT(Gather(*table, {3, 0, 3}),
              testing::ElementsAre(6, 7, 0, 1, 6, 7));
}

TEST(GatherRows, NoIdsGiveNoRows) {
  const auto table = MakeCountingTable(4, 2);
  EXPECT_THAT(Gather(*table, {}), testing::IsEmpty());
}

TEST(GatherRows, PaddingIdGivesZeros) {
  const auto table = MakeCountingTable(4, 2);
  EXPECT_THAT(Gather(*table, {-1, 3, -1}, -1),
              testing::ElementsAre(0, 0, 6, 7, 0, 0));
  // Also where the id names a row.
  EXPECT_THAT(Gather(*table, {3, 2}, 3), testing::ElementsAre(0, 0, 4, 5));
}

TEST(GatherRows, CopiesBitsUnchanged) {
  const std::vector<float> values = {std::numeric_limits<float>::quiet_NaN(),
                                     -0.0F,
                                     std::numeric_limits<float>::denorm_min(),
                                     -std::numeric_limits<float>::infinity()};
  TableBuilder builder(1, 16);
  builder.Write(0, AsBytes(values));
  const auto table = builder.Build();
  const std::vector<float> got = Gather(*table, {0});
  EXPECT_EQ(std::memcmp(got.data(), values.data(), 16), 0);
}

TEST(GatherRows, AgreesWithOneRowAtATime) {
  std::mt19937 random(11);
  for (const int64_t dim : {1, 3, 64, 300, 5'000}) {
    SCOPED_TRACE(dim);
    const int64_t num_rows = 1 + static_cast<int64_t>(random() % 3'000);
    const auto table = MakeCountingTable(num_rows, dim);
    std::vector<int64_t> ids(random() % 200);
    for (int64_t& id : ids) id = static_cast<int64_t>(random()) % num_rows;
    const std::vector<float> got = Gather(*table, ids);
    for (size_t i = 0; i < ids.size(); ++i) {
      ASSERT_EQ(std::memcmp(got.data() + i * static_cast<size_t>(dim),
                            table->row(ids[i]), static_cast<size_t>(dim) * 4),
                0);
    }
  }
}

}  // namespace
}  // namespace emb
