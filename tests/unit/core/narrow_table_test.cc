// Tables of other dtypes than float32: each must answer as a float32 table of
// its decoded rows does, bit by bit.
#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

#include "core/gather.h"
#include "core/pooling.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/simd_targets.h"
#include "tests/testing/twin_tables.h"

namespace emb {
namespace {

using Bytes = std::vector<std::byte>;

constexpr int64_t kRows = 300;

struct Ids {
  std::vector<int64_t> ids;
  std::vector<int64_t> lengths;
  std::vector<float> weights;
};

// Some of them absent.
Ids RandomIds(std::mt19937& random) {
  Ids some;
  for (int i = 0; i < 30; ++i) {
    some.lengths.push_back(static_cast<int64_t>(random() % 20));
    for (int64_t j = 0; j < some.lengths.back(); ++j) {
      some.ids.push_back(static_cast<int64_t>(random() % (kRows + 6)) - 3);
      some.weights.push_back(static_cast<float>(random() % 100) / 7);
    }
  }
  return some;
}

Bytes Gather(const Table& table, const Ids& some, const AbsentIds& absent) {
  Bytes out(some.ids.size() *
            static_cast<size_t>(table.format().float_bytes()));
  GatherRows(table, some.ids, absent, RowsAs::kFloat32, absl::MakeSpan(out));
  return out;
}

Bytes Pad(const Table& table, const Ids& some, const AbsentIds& absent) {
  const PadRule rule = {7, PadRule::Side::kLeft, PadRule::Keep::kLast};
  Bytes out(some.lengths.size() * 7 *
            static_cast<size_t>(table.format().float_bytes()));
  GatherPadded(table, some.ids, some.lengths, rule, absent, RowsAs::kFloat32,
               absl::MakeSpan(out));
  return out;
}

Bytes Pool(const Table& table, PoolMode mode, const Bags& bags,
           const AbsentIds& absent) {
  Bytes out(bags.lengths.size() *
            static_cast<size_t>(table.format().float_bytes()));
  PoolBags(table, mode, bags, absent, absl::MakeSpan(out));
  return out;
}

void ExpectTwins(const TwinTables& twins, const Ids& some,
                 const AbsentIds& absent) {
  EXPECT_EQ(Gather(*twins.stored, some, absent),
            Gather(*twins.decoded, some, absent));
  EXPECT_EQ(Pad(*twins.stored, some, absent),
            Pad(*twins.decoded, some, absent));
  const Bags bags = {some.ids, some.lengths, {}};
  for (const PoolMode mode :
       {PoolMode::kSum, PoolMode::kMean, PoolMode::kMax}) {
    EXPECT_EQ(Pool(*twins.stored, mode, bags, absent),
              Pool(*twins.decoded, mode, bags, absent));
  }
  const Bags weighted = {some.ids, some.lengths, some.weights};
  EXPECT_EQ(Pool(*twins.stored, PoolMode::kSum, weighted, absent),
            Pool(*twins.decoded, PoolMode::kSum, weighted, absent));
}

class NarrowTable : public testing::TestWithParam<DType> {};

TEST_P(NarrowTable, AnswersAsItsDecodedRows) {
  std::mt19937 random(3);
  // Below, at and beyond the widths of vectors and of their groups.
  for (const int64_t dim : {2, 6, 16, 18, 32, 64, 100, 128, 130, 300}) {
    SCOPED_TRACE(dim);
    const TwinTables twins = MakeTwinTables(kRows, {GetParam(), dim}, random);
    const Ids some = RandomIds(random);
    ForEachSimdTarget([&] {
      ExpectTwins(twins, some, AbsentIds(kRows));
      ExpectTwins(twins, some, AbsentIds(kRows, 5));
    });
  }
}

TEST_P(NarrowTable, GivesItsStoredBytes) {
  std::mt19937 random(4);
  const TwinTables twins = MakeTwinTables(kRows, {GetParam(), 10}, random);
  const auto row_bytes = static_cast<size_t>(twins.stored->row_bytes());
  Bytes out(3 * row_bytes, std::byte{1});
  GatherRows(*twins.stored, std::vector<int64_t>{7, -1, 0}, AbsentIds(kRows),
             RowsAs::kStored, absl::MakeSpan(out));
  const std::byte* const row = twins.stored->row(7);
  Bytes want(row, row + row_bytes);
  want.resize(2 * row_bytes);
  want.insert(want.end(), twins.stored->row(0),
              twins.stored->row(0) + row_bytes);
  EXPECT_EQ(out, want);
}

INSTANTIATE_TEST_SUITE_P(DTypes, NarrowTable,
                         testing::Values(DType::kFloat32, DType::kFloat16,
                                         DType::kBFloat16, DType::kInt8Rowwise,
                                         DType::kInt4Rowwise),
                         [](const auto& dtype) {
                           return std::string(DTypeName(dtype.param));
                         });

}  // namespace
}  // namespace emb
