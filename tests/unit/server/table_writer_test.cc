#include "server/table_writer.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <random>
#include <vector>

#include "core/renormalise.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/fake_table_store.h"
#include "tests/testing/make_table.h"
#include "tests/testing/status_matchers.h"

namespace emb {
namespace {

using absl::StatusCode;
using testing::HasSubstr;

TableSpec Spec(int64_t num_rows, int64_t dim) {
  TableSpec spec;
  spec.name = "item";
  spec.num_rows = num_rows;
  spec.dim = dim;
  return spec;
}

TEST(TableWriter, KeepsMemoryStoreAndDigestInStep) {
  std::mt19937 random(3);
  // Less than a chunk, exactly two chunks of 1,024 rows, and a short tail.
  for (const int64_t num_rows : {1, 2'048, 2'500}) {
    SCOPED_TRACE(num_rows);
    FakeTableStore store;
    MemoryBudget budget(int64_t{1} << 30);
    const TableSpec spec = Spec(num_rows, 64);
    const std::vector<float> values = CountingValues(num_rows, 64);
    auto bytes = AsBytes(values);
    EMB_ASSERT_OK_AND_ASSIGN(const auto writer,
                             TableWriter::Start(spec, 1, store, budget));
    while (!bytes.empty()) {
      const size_t size = std::min<size_t>(bytes.size(), random() % 100'000);
      EMB_ASSERT_OK(writer->Append(bytes.first(size)));
      bytes.remove_prefix(size);
    }
    EMB_ASSERT_OK_AND_ASSIGN(const auto made, writer->Finish());

    TableDigester digester(num_rows, 64, DType::kFloat32);
    digester.Update(AsBytes(values));
    EXPECT_EQ(made.record.digest, digester.Finish());
    EXPECT_EQ(std::memcmp(made.rows->row(num_rows - 1),
                          &values[static_cast<size_t>(num_rows - 1) * 64], 256),
              0);
    EXPECT_GT(budget.used_bytes(), num_rows * 256);
    std::vector<std::byte> stored;
    EMB_ASSERT_OK(store.Commit({.add = {made.record}}));
    EMB_ASSERT_OK(store.ScanChunks(
        made.record.generation, 0, made.record.num_chunks(),
        [&](int64_t, absl::Span<const std::byte> rows) {
          stored.insert(stored.end(), rows.begin(), rows.end());
          return absl::OkStatus();
        }));
    const auto want = AsBytes(values);
    EXPECT_EQ(stored, std::vector<std::byte>(want.begin(), want.end()));
  }
}

TEST(TableWriter, ZeroesThePaddingRowInMemoryAndStore) {
  for (const int64_t padding_idx : {0, 1'023, 1'024, 2'499}) {
    SCOPED_TRACE(padding_idx);
    FakeTableStore store;
    MemoryBudget budget(int64_t{1} << 30);
    TableSpec spec = Spec(2'500, 64);
    spec.padding_idx = padding_idx;
    EMB_ASSERT_OK_AND_ASSIGN(const auto writer,
                             TableWriter::Start(spec, 1, store, budget));
    std::vector<float> values(2'500 * 64, 1.0F);
    EMB_ASSERT_OK(writer->Append(AsBytes(values)));
    EMB_ASSERT_OK_AND_ASSIGN(const auto made, writer->Finish());
    std::fill_n(values.begin() + padding_idx * 64, 64, 0.0F);
    TableDigester digester(2'500, 64, DType::kFloat32);
    digester.Update(AsBytes(values));
    EXPECT_EQ(made.record.digest, digester.Finish());
    const auto* const row =
        reinterpret_cast<const float*>(made.rows->row(padding_idx));
    EXPECT_THAT(std::vector<float>(row, row + 64), testing::Each(0.0F));
  }
}

TableSpec NarrowSpec(DType dtype) {
  TableSpec spec = Spec(100, 8);
  spec.dtype = dtype;
  spec.max_norm = 2;
  spec.padding_idx = 7;
  return spec;
}

// Scaled down and zeroed in float32, then encoded; memory and digest are of
// what is stored.
TEST(TableWriter, EncodesRowsAsTheTablesDtype) {
  for (const DType dtype : {DType::kFloat16, DType::kBFloat16,
                            DType::kInt8Rowwise, DType::kInt4Rowwise}) {
    SCOPED_TRACE(DTypeName(dtype));
    FakeTableStore store;
    MemoryBudget budget(int64_t{1} << 30);
    const TableSpec spec = NarrowSpec(dtype);
    std::vector<float> values = CountingValues(100, 8);
    EMB_ASSERT_OK_AND_ASSIGN(const auto writer,
                             TableWriter::Start(spec, 1, store, budget));
    EMB_ASSERT_OK(writer->Append(AsBytes(values).first(1'234)));
    EXPECT_EQ(writer->offset(), 1'234);
    EMB_ASSERT_OK(writer->Append(AsBytes(values).subspan(1'234)));
    EMB_ASSERT_OK_AND_ASSIGN(const auto made, writer->Finish());

    RowEncoder encoder(spec.row_format());
    TableDigester digester(100, 8, dtype);
    std::vector<std::byte> stored(static_cast<size_t>(spec.row_bytes()));
    for (int64_t i = 0; i < 100; ++i) {
      const auto row =
          absl::MakeSpan(values).subspan(static_cast<size_t>(i) * 8, 8);
      RenormaliseRow({2, 2}, row);
      if (i == 7) std::fill(row.begin(), row.end(), 0.0F);
      EMB_ASSERT_OK(encoder.Encode(row, absl::MakeSpan(stored)));
      digester.Update(stored);
      EXPECT_EQ(std::memcmp(made.rows->row(i), stored.data(), stored.size()),
                0);
    }
    EXPECT_EQ(made.record.digest, digester.Finish());
    ASSERT_TRUE(made.record.quantization_error.has_value());
    EXPECT_EQ(made.record.quantization_error->rms, encoder.error().rms);
    EXPECT_GT(made.record.quantization_error->max_abs, 0);
  }
}

TEST(TableWriter, NamesTheElementThatDoesNotFit) {
  FakeTableStore store;
  MemoryBudget budget(int64_t{1} << 30);
  TableSpec spec = Spec(3, 2);
  spec.dtype = DType::kFloat16;
  EMB_ASSERT_OK_AND_ASSIGN(const auto writer,
                           TableWriter::Start(spec, 1, store, budget));
  EXPECT_THAT(writer->Append(AsBytes(std::vector<float>{1, 2, 3, 70'000})),
              StatusIs(StatusCode::kInvalidArgument,
                       HasSubstr("row 1, column 1: 70000, float16")));
}

// Every row once, whatever pieces its bytes come in; then the padding row is
// zeroed.
TEST(TableWriter, ScalesRowsDownToMaxNormAsTheyEnter) {
  std::mt19937 random(3);
  FakeTableStore store;
  MemoryBudget budget(int64_t{1} << 30);
  TableSpec spec = Spec(100, 8);
  spec.max_norm = 2;
  spec.norm_type = 1;
  spec.padding_idx = 7;
  std::vector<float> values = CountingValues(100, 8);
  EMB_ASSERT_OK_AND_ASSIGN(const auto writer,
                           TableWriter::Start(spec, 1, store, budget));
  for (auto bytes = AsBytes(values); !bytes.empty();) {
    const size_t size = std::min<size_t>(bytes.size(), 1 + random() % 50);
    EMB_ASSERT_OK(writer->Append(bytes.first(size)));
    bytes.remove_prefix(size);
  }
  EMB_ASSERT_OK_AND_ASSIGN(const auto made, writer->Finish());
  for (int64_t i = 0; i < 100; ++i) {
    const auto row =
        absl::MakeSpan(values).subspan(static_cast<size_t>(i) * 8, 8);
    RenormaliseRow({2, 1}, row);
    if (i == 7) std::fill(row.begin(), row.end(), 0.0F);
    EXPECT_EQ(std::memcmp(made.rows->row(i), row.data(), 32), 0) << i;
  }
  TableDigester digester(100, 8, DType::kFloat32);
  digester.Update(AsBytes(values));
  EXPECT_EQ(made.record.digest, digester.Finish());
}

TEST(TableWriter, RefusesTooManyAndTooFewBytes) {
  FakeTableStore store;
  MemoryBudget budget(1 << 20);
  EMB_ASSERT_OK_AND_ASSIGN(const auto writer,
                           TableWriter::Start(Spec(2, 1), 1, store, budget));
  EXPECT_THAT(writer->Append(std::vector<std::byte>(9)),
              StatusIs(StatusCode::kInvalidArgument,
                       HasSubstr("9 bytes, want 8 for 2 rows of 1 float32")));
  EMB_ASSERT_OK(writer->Append(std::vector<std::byte>(7)));
  EXPECT_THAT(writer->Finish(), StatusIs(StatusCode::kInvalidArgument,
                                         HasSubstr("7 bytes, want 8")));
}

TEST(TableWriter, AllocatesNothingBeyondTheBudget) {
  FakeTableStore store;
  MemoryBudget budget(1 << 20);
  EXPECT_THAT(
      TableWriter::Start(Spec(int64_t{1} << 40, 64), 1, store, budget),
      StatusIs(StatusCode::kResourceExhausted, HasSubstr("--memory_limit")));
  EXPECT_EQ(budget.used_bytes(), 0);
}

TEST(TableWriter, UnfinishedLeavesNothing) {
  FakeTableStore store;
  MemoryBudget budget(int64_t{1} << 30);
  {
    EMB_ASSERT_OK_AND_ASSIGN(
        const auto writer,
        TableWriter::Start(Spec(2'500, 64), 1, store, budget));
    EMB_ASSERT_OK(writer->Append(std::vector<std::byte>(2'000 * 256)));
    EXPECT_EQ(store.num_generations(), 1);
  }
  EXPECT_EQ(store.num_generations(), 0);
  EXPECT_EQ(budget.used_bytes(), 0);
}

}  // namespace
}  // namespace emb
