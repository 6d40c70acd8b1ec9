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
  GatherRows(table, ids, AbsentIds(table.num_rows(), padding_id),
             RowsAs::kFloat32, AsWritableBytes(absl::MakeSpan(out)));
  return out;
}

std::vector<float> Pad(const Table& table, const std::vector<int64_t>& ids,
                       const std::vector<int64_t>& lengths,
                       const PadRule& rule) {
  // Filled, so that places nobody writes are seen.
  std::vector<float> out(lengths.size() * static_cast<size_t>(rule.length) *
                             static_cast<size_t>(table.row_bytes() / 4),
                         -1.0F);
  GatherPadded(table, ids, lengths, rule, AbsentIds(table.num_rows()),
               RowsAs::kFloat32, AsWritableBytes(absl::MakeSpan(out)));
  return out;
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

TEST(GatherRows, AnIdOutsideGivesZeros) {
  const auto table = MakeCountingTable(4, 2);
  EXPECT_THAT(Gather(*table, {4, 3, -7}),
              testing::ElementsAre(0, 0, 6, 7, 0, 0));
}

// Row i of the table is the number i + 1... of dim 1, so that 0 is padding.
TEST(GatherPadded, PadsAndTruncatesOnEitherSide) {
  TableBuilder builder(5, {DType::kFloat32, 1});
  builder.Write(0, AsBytes(std::vector<float>{1, 2, 3, 4, 5}));
  const auto table = builder.Build();
  using Side = PadRule::Side;
  using Keep = PadRule::Keep;
  const std::vector<int64_t> ids = {0, 1, 2, 3, 4, 0};
  const std::vector<int64_t> lengths = {2, 0, 4};
  const struct {
    PadRule rule;
    std::vector<float> want;
  } cases[] = {
      {{3, Side::kRight, Keep::kFirst}, {1, 2, 0, 0, 0, 0, 3, 4, 5}},
      {{3, Side::kRight, Keep::kLast}, {1, 2, 0, 0, 0, 0, 4, 5, 1}},
      {{3, Side::kLeft, Keep::kFirst}, {0, 1, 2, 0, 0, 0, 3, 4, 5}},
      {{3, Side::kLeft, Keep::kLast}, {0, 1, 2, 0, 0, 0, 4, 5, 1}},
      {{1, Side::kLeft, Keep::kLast}, {2, 0, 1}},
      {{4, Side::kRight, Keep::kFirst}, {1, 2, 0, 0, 0, 0, 0, 0, 3, 4, 5, 1}},
      {{0, Side::kRight, Keep::kFirst}, {}},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(Pad(*table, ids, lengths, c.rule), c.want);
  }
  EXPECT_THAT(Pad(*table, {}, {}, {3, Side::kLeft, Keep::kLast}),
              testing::IsEmpty());
}

TEST(GatherPadded, AnAbsentIdKeepsItsPlace) {
  const auto table = MakeCountingTable(4, 2);
  EXPECT_THAT(Pad(*table, {9, 3}, {2}, {3}),
              testing::ElementsAre(0, 0, 6, 7, 0, 0));
}

TEST(GatherRows, CopiesBitsUnchanged) {
  const std::vector<float> values = {std::numeric_limits<float>::quiet_NaN(),
                                     -0.0F,
                                     std::numeric_limits<float>::denorm_min(),
                                     -std::numeric_limits<float>::infinity()};
  TableBuilder builder(1, {DType::kFloat32, 4});
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
