// What every TableStore promises, asked of each.
#include "tests/unit/storage/table_store_contract.h"

#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/test_tables.h"

namespace emb {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

INSTANTIATE_TEST_SUITE_P(Stores, TableStoreContract,
                         testing::ValuesIn(StoreKinds()), StoreName);

TEST_P(TableStoreContract, StartsEmpty) {
  const Manifest manifest = ReadManifest();
  EXPECT_EQ(manifest.epoch, 0);
  EXPECT_THAT(manifest.versions, IsEmpty());
  EXPECT_THAT(manifest.current, IsEmpty());
}

TEST_P(TableStoreContract, KeepsTablesOfEverySizeOverReopen) {
  // In memory; at its edge; in one file; in several.
  const std::vector<TestTable> tables = {
      {.name = "tiny", .chunk_bytes = 4},
      {.name = "edge", .num_chunks = 4, .chunk_bytes = (1 << 18) - 40},
      {.name = "past", .num_chunks = 4, .chunk_bytes = 1 << 18},
      {.name = "large", .num_chunks = 30, .chunk_bytes = 1 << 17}};
  std::vector<VersionRecord> records;
  for (const TestTable& table : tables) {
    records.push_back(Write(table));
    EMB_ASSERT_OK(store_->Commit(AddAndPublish(records.back())));
    EMB_EXPECT_OK(CheckTestRows(*store_, records.back(), table.seed));
  }
  Reopen();
  EXPECT_EQ(ReadManifest().epoch, 4);
  EXPECT_THAT(ReadManifest().versions, SizeIs(4));
  for (const VersionRecord& record : records) {
    EMB_EXPECT_OK(CheckTestRows(*store_, record, 1)) << record.spec.name;
  }
}

TEST_P(TableStoreContract, CommitsSeveralTablesTogether) {
  const VersionRecord users = Write({.name = "users"});
  const VersionRecord items = Write({.name = "items", .num_chunks = 3});
  Edit edit = AddAndPublish(users);
  edit.add.push_back(items);
  edit.publish.push_back({"items", 1});
  // One of them is wrong: neither is there.
  edit.publish.push_back({"nobody", 1});
  EXPECT_THAT(store_->Commit(edit), StatusIs(absl::StatusCode::kNotFound,
                                             HasSubstr("table \"nobody\" v1")));
  EXPECT_THAT(ReadManifest().versions, IsEmpty());
  EXPECT_EQ(ReadManifest().epoch, 0);

  edit.publish.pop_back();
  EXPECT_THAT(store_->Commit(edit), IsOkAndHolds(1));
  EXPECT_THAT(ReadManifest().current, SizeIs(2));
  Reopen();
  EXPECT_THAT(ReadManifest().versions, SizeIs(2));
  EXPECT_EQ(ReadManifest().versions[0].spec.name, "items");
}

TEST_P(TableStoreContract, PublishesRollsBackAndDrops) {
  const VersionRecord first = Write({});
  EMB_ASSERT_OK(store_->Commit(AddAndPublish(first)));
  const VersionRecord second = Write({.version = 2, .seed = 2});
  EMB_ASSERT_OK(store_->Commit(AddAndPublish(second)));
  ASSERT_THAT(ReadManifest().current, SizeIs(1));
  EXPECT_EQ(ReadManifest().current[0].version, 2);
  // Back to the first, and the second goes.
  EXPECT_THAT(store_->Commit({{}, {{"users", 1}}, {{"users", 2}}}),
              IsOkAndHolds(3));
  Reopen();
  ASSERT_THAT(ReadManifest().current, SizeIs(1));
  EXPECT_EQ(ReadManifest().current[0].version, 1);
  EMB_EXPECT_OK(CheckTestRows(*store_, first, 1));
  EXPECT_THAT(CheckTestRows(*store_, second, 2),
              StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(store_->Commit({{}, {}, {{"users", 1}}}), IsOkAndHolds(4));
  Reopen();
  EXPECT_THAT(ReadManifest().versions, IsEmpty());
  EXPECT_THAT(ReadManifest().current, IsEmpty());
  EXPECT_EQ(ReadManifest().epoch, 4);
}

TEST_P(TableStoreContract, ChecksTheOrderOfChunks) {
  EMB_ASSERT_OK_AND_ASSIGN(const Generation id, store_->NewGeneration());
  const std::vector<std::byte> rows(8);
  const std::vector<std::byte> other(8, std::byte{1});
  EXPECT_THAT(store_->WriteChunk(id, 1, rows),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("chunk 1: want chunk 0")));
  EMB_EXPECT_OK(store_->WriteChunk(id, 0, rows));
  EMB_EXPECT_OK(store_->WriteChunk(id, 0, rows));  // A retry.
  EXPECT_THAT(
      store_->WriteChunk(id, 0, other),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("other bytes")));
  EMB_EXPECT_OK(store_->WriteChunk(id, 1, rows));
  EXPECT_THAT(store_->WriteChunk(id, 0, rows),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("chunk 0: want chunk 2")));
  EXPECT_THAT(
      store_->WriteChunk(id, 2, {}),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("0 bytes")));
  EXPECT_THAT(store_->WriteChunk(id + 1'000, 0, rows),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("not open for writing")));
}

TEST_P(TableStoreContract, TakesNoChunkAfterTheCommit) {
  for (const int64_t chunk_bytes : {64, 1 << 20}) {
    const VersionRecord record = Write({.name = absl::StrCat("t", chunk_bytes),
                                        .num_chunks = 2,
                                        .chunk_bytes = chunk_bytes});
    EMB_ASSERT_OK(store_->Commit(AddAndPublish(record)));
    EXPECT_THAT(store_->WriteChunk(record.generation, 2, TestRows(1, 2, 64)),
                StatusIs(absl::StatusCode::kFailedPrecondition,
                         HasSubstr("not open for writing")));
    EMB_EXPECT_OK(CheckTestRows(*store_, record, 1));
  }
}

TEST_P(TableStoreContract, ForgetsAnUnfinishedGenerationButNotItsNumber) {
  std::set<Generation> seen;
  for (int round = 0; round < 3; ++round) {
    const VersionRecord small = Write({});
    const VersionRecord large =
        Write({.num_chunks = 3, .chunk_bytes = 1 << 20});
    EXPECT_TRUE(seen.insert(small.generation).second) << small.generation;
    EXPECT_TRUE(seen.insert(large.generation).second) << large.generation;
    Reopen();
    for (const VersionRecord& record : {small, large}) {
      EXPECT_THAT(CheckTestRows(*store_, record, 1),
                  StatusIs(absl::StatusCode::kDataLoss, HasSubstr("missing")));
      EXPECT_THAT(store_->Commit(AddAndPublish(record)),
                  StatusIs(absl::StatusCode::kFailedPrecondition));
    }
  }
  EXPECT_EQ(ReadManifest().epoch, 0);
}

TEST_P(TableStoreContract, NeverHandsOutAGenerationTwice) {
  std::set<Generation> seen;
  for (int i = 0; i < 300; ++i) {
    EMB_ASSERT_OK_AND_ASSIGN(const Generation id, store_->NewGeneration());
    EXPECT_TRUE(seen.insert(id).second) << id;
    if (i % 70 == 69) Reopen();
  }
}

TEST_P(TableStoreContract, ScansAnyRangeAndNamesAMissingChunk) {
  const VersionRecord record = Write({.num_chunks = 10});
  EMB_ASSERT_OK(store_->Commit(AddAndPublish(record)));
  for (int64_t first = 0; first <= 10; ++first) {
    std::vector<int64_t> seen;
    EMB_EXPECT_OK(store_->ScanChunks(
        record.generation, first, 10,
        [&](int64_t number, absl::Span<const std::byte> rows) {
          EXPECT_EQ(rows, absl::MakeConstSpan(TestRows(1, number, 64)));
          seen.push_back(number);
          return absl::OkStatus();
        }));
    ASSERT_THAT(seen, SizeIs(10 - first));
    EXPECT_TRUE(seen.empty() || seen.front() == first);
  }
  const auto ignore = [](int64_t, absl::Span<const std::byte>) {
    return absl::OkStatus();
  };
  EXPECT_THAT(store_->ScanChunks(record.generation, 8, 12, ignore),
              StatusIs(absl::StatusCode::kDataLoss,
                       HasSubstr(absl::StrCat("generation ", record.generation,
                                              " chunk 10: missing"))));
  EXPECT_THAT(store_->ScanChunks(record.generation + 1, 0, 1, ignore),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("chunk 0")));
  EXPECT_THAT(store_->ScanChunks(record.generation, -1, 1, ignore),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(
      store_->ScanChunks(record.generation, 2, 1, ignore),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("[2, 1)")));
}

TEST_P(TableStoreContract, StopsAScanAtTheVisitorsError) {
  const VersionRecord record = Write({.num_chunks = 10});
  EMB_ASSERT_OK(store_->Commit(AddAndPublish(record)));
  int64_t calls = 0;
  EXPECT_THAT(
      store_->ScanChunks(record.generation, 0, 10,
                         [&](int64_t number, absl::Span<const std::byte>) {
                           ++calls;
                           return number == 3 ? absl::CancelledError("enough")
                                              : absl::OkStatus();
                         }),
      StatusIs(absl::StatusCode::kCancelled, HasSubstr("enough")));
  EXPECT_EQ(calls, 4);
}

TEST_P(TableStoreContract, DeletesOnlyWhatNoRecordNames) {
  const VersionRecord before = Write({.name = "before"});
  const VersionRecord kept = Write({.num_chunks = 5, .chunk_bytes = 1 << 19});
  const VersionRecord after = Write({.name = "after"});
  for (const auto& record : {before, kept, after}) {
    EMB_ASSERT_OK(store_->Commit(AddAndPublish(record)));
  }
  EXPECT_THAT(
      store_->DeleteGeneration(kept.generation),
      StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("in use")));
  EMB_EXPECT_OK(CheckTestRows(*store_, kept, 1));

  EMB_ASSERT_OK(store_->Commit({{}, {}, {{"users", 1}}}));
  EMB_EXPECT_OK(store_->DeleteGeneration(kept.generation));
  EMB_EXPECT_OK(store_->DeleteGeneration(kept.generation));
  EMB_EXPECT_OK(store_->DeleteGeneration(987'654));
  EXPECT_THAT(CheckTestRows(*store_, kept, 1),
              StatusIs(absl::StatusCode::kDataLoss));
  EMB_EXPECT_OK(CheckTestRows(*store_, before, 1));
  EMB_EXPECT_OK(CheckTestRows(*store_, after, 1));
}

TEST_P(TableStoreContract, DeletesAPendingGeneration) {
  const VersionRecord small = Write({});
  const VersionRecord large = Write({.num_chunks = 3, .chunk_bytes = 1 << 20});
  for (const VersionRecord& record : {small, large}) {
    EMB_EXPECT_OK(store_->DeleteGeneration(record.generation));
    EXPECT_THAT(store_->Commit(AddAndPublish(record)),
                StatusIs(absl::StatusCode::kFailedPrecondition));
  }
}

TEST_P(TableStoreContract, RefusesEverythingOnceClosed) {
  const VersionRecord record = Write({});
  EMB_ASSERT_OK(store_->Commit(AddAndPublish(record)));
  EMB_EXPECT_OK(store_->Close());
  EMB_EXPECT_OK(store_->Close());
  const auto closed =
      StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("closed"));
  EXPECT_THAT(store_->NewGeneration(), closed);
  EXPECT_THAT(store_->WriteChunk(9, 0, TestRows(1, 0, 4)), closed);
  EXPECT_THAT(store_->Commit({}), closed);
  EXPECT_THAT(store_->ReadManifest(), closed);
  EXPECT_THAT(CheckTestRows(*store_, record, 1), closed);
  EXPECT_THAT(store_->DeleteGeneration(9), closed);
}

TEST_P(TableStoreContract, CountsAnEmptyEditAsACommit) {
  EXPECT_THAT(store_->Commit({}), IsOkAndHolds(1));
  EXPECT_THAT(store_->Commit({}), IsOkAndHolds(2));
  Reopen();
  EXPECT_EQ(ReadManifest().epoch, 2);
}

// Writers of different tables beside each other, and readers beside them.
TEST_P(TableStoreContract, ServesManyThreads) {
  const VersionRecord shared =
      Write({.name = "shared", .num_chunks = 40, .chunk_bytes = 1 << 16});
  EMB_ASSERT_OK(store_->Commit(AddAndPublish(shared)));
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int64_t v = 1; v <= 5; ++v) {
        const TestTable table = {.name = absl::StrCat("t", t),
                                 .version = v,
                                 .num_chunks = 3,
                                 .chunk_bytes = v % 2 == 0 ? 1 << 19 : 256,
                                 .seed = static_cast<uint64_t>(t)};
        const auto record = WriteTestTable(*store_, table);
        ASSERT_THAT(record, IsOk());
        EMB_EXPECT_OK(store_->Commit(AddAndPublish(*record)));
        EMB_EXPECT_OK(CheckTestRows(*store_, *record, table.seed));
        EMB_EXPECT_OK(CheckTestRows(*store_, shared, 1));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(ReadManifest().epoch, 21);
  EXPECT_THAT(ReadManifest().versions, SizeIs(21));
}

}  // namespace
}  // namespace emb
