#include "server/row_updater.h"

#include <algorithm>
#include <cmath>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/synchronization/notification.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/table_loader.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/server/manager_fixture.h"

namespace emb {
namespace {

using absl::StatusCode;
using testing::ElementsAre;
using testing::HasSubstr;

// Rows of "item" and "user" have 4 elements.
class RowUpdaterTest : public ManagerFixture {
 protected:
  void SetUp() override {
    TableSpec spec = ImportSpec("item");
    spec.padding_idx = 0;
    EMB_ASSERT_OK(ImportCounting(spec));
    EMB_ASSERT_OK(ImportCounting(ImportSpec("user")));
    Start(Durability::kSync);
  }

  void Start(Durability durability) {
    updater_.reset();
    updater_ = std::make_unique<RowUpdater>(RowUpdater::Dependencies{
        store_, committer_, reclaimer_, budget_, fold_targets_, durability,
        [this] { return now_; }, [] {},
        [](const absl::Status& status) { EMB_EXPECT_OK(status); }});
    EMB_ASSERT_OK(updater_->Restore());
  }

  // Rows of one value each: row ids[i] becomes value + i.
  struct Rows {
    std::string table;
    std::vector<int64_t> ids;
    float value;
    std::optional<int64_t> expected_revision = {};
  };
  using Future = std::future<absl::StatusOr<UpsertResult>>;

  Future Submit(const std::vector<Rows>& parts, const std::string& id = "") {
    struct Held {
      std::vector<Rows> parts;
      std::vector<std::vector<float>> values;
      std::promise<absl::StatusOr<UpsertResult>> promise;
    };
    auto held = std::make_shared<Held>();
    held->parts = parts;
    UpsertRequest request;
    request.request_id = id;
    for (const Rows& rows : held->parts) {
      std::vector<float>& values = held->values.emplace_back();
      for (size_t i = 0; i < rows.ids.size(); ++i) {
        values.insert(values.end(), 4, rows.value + static_cast<float>(i));
      }
    }
    for (size_t i = 0; i < parts.size(); ++i) {
      request.updates.push_back({held->parts[i].table, held->parts[i].ids,
                                 AsBytes(held->values[i]),
                                 held->parts[i].expected_revision});
    }
    Future future = held->promise.get_future();
    updater_->Submit(std::move(request),
                     [held](absl::StatusOr<UpsertResult> result) {
                       held->promise.set_value(std::move(result));
                     });
    return future;
  }

  absl::StatusOr<UpsertResult> Upsert(const std::vector<Rows>& parts,
                                      const std::string& id = "") {
    return Submit(parts, id).get();
  }

  static float Element(const Snapshot& snapshot, const std::string& table,
                       int64_t row) {
    const auto found = snapshot.Find(table, 0);
    EXPECT_THAT(found, IsOk());
    float value = NAN;
    if (found.ok()) std::memcpy(&value, (*found)->rows->row(row), sizeof value);
    return value;
  }
  float Element(const std::string& table, int64_t row) {
    return Element(*registry_.snapshot(), table, row);
  }

  TablePtr Current(const std::string& table) {
    return registry_.snapshot()->tables.at(table);
  }

  // What a server would find on disk.
  std::shared_ptr<const Snapshot> Reload() {
    auto snapshot = LoadTables(store_, budget_, reclaimer_, {});
    EXPECT_THAT(snapshot, IsOk());
    return snapshot.ok() ? *snapshot : nullptr;
  }

  FoldTargets fold_targets_;
  std::unique_ptr<RowUpdater> updater_;
};

TEST_F(RowUpdaterTest, ReplacesRowsInMemoryAndOnDisk) {
  const auto before = registry_.snapshot();
  EMB_ASSERT_OK_AND_ASSIGN(const UpsertResult result,
                           Upsert({{"item", {3, 7, 3}, 100}}));
  EXPECT_EQ(result.epoch, before->epoch + 1);
  ASSERT_EQ(result.tables.size(), 1);
  EXPECT_EQ(result.tables[0].version, 1);
  EXPECT_EQ(result.tables[0].revision, 1);
  EXPECT_EQ(Element(*before, "item", 3), 12);  // Who reads it goes on.
  for (const auto& snapshot : {registry_.snapshot(), Reload()}) {
    EXPECT_EQ(Element(*snapshot, "item", 2), 8);
    EXPECT_EQ(Element(*snapshot, "item", 3), 102);  // The last counts.
    EXPECT_EQ(Element(*snapshot, "item", 7), 101);
    EXPECT_EQ(snapshot->tables.at("item")->record.revision, 1);
  }
}

TEST_F(RowUpdaterTest, TheDigestIsThatOfTheRowsAsTheyAre) {
  const Digest before = *CurrentDigest(*Current("item"));
  EMB_ASSERT_OK(Upsert({{"item", {3}, 100}}));
  const Digest after = *CurrentDigest(*Current("item"));
  EXPECT_NE(before, after);
  EXPECT_EQ(*CurrentDigest(*Reload()->tables.at("item")), after);
  // The row as it was makes the table as it was.
  const std::vector<int64_t> ids = {3};
  const std::vector<float> row = {12, 13, 14, 15};
  std::promise<void> done;
  updater_->Submit({"", {{"item", ids, AsBytes(row), {}}}},
                   [&](const auto& result) {
                     EMB_EXPECT_OK(result);
                     done.set_value();
                   });
  done.get_future().wait();
  EXPECT_EQ(*CurrentDigest(*Current("item")), before);
}

TEST_F(RowUpdaterTest, ChangesSeveralTablesInOneEpochOrNone) {
  EXPECT_THAT(Upsert({{"user", {1}, 50}, {"item", {10}, 50}}),
              StatusIs(StatusCode::kOutOfRange,
                       HasSubstr("updates[1].ids[0] = 10, want [0, 10) of "
                                 "table \"item\"")));
  EXPECT_EQ(Element("user", 1), 4);
  const uint64_t epoch = registry_.snapshot()->epoch;
  EMB_ASSERT_OK(Upsert({{"user", {1}, 50}, {"item", {9}, 60}}));
  EXPECT_EQ(registry_.snapshot()->epoch, epoch + 1);
  EXPECT_EQ(Element("user", 1), 50);
  EXPECT_EQ(Element("item", 9), 60);
}

TEST_F(RowUpdaterTest, RefusesWhatItCannotDo) {
  const uint64_t epoch = registry_.snapshot()->epoch;
  EXPECT_THAT(Upsert({}), StatusIs(StatusCode::kInvalidArgument,
                                   HasSubstr("updates: there are none")));
  EXPECT_THAT(Upsert({{"user", {1}, 1}, {"user", {2}, 1}}),
              StatusIs(StatusCode::kInvalidArgument,
                       HasSubstr("updates[1].table: \"user\" is named twice")));
  EXPECT_THAT(Upsert({{"nobody", {1}, 1}}),
              StatusIs(StatusCode::kNotFound, HasSubstr("updates[0]: table")));
  EXPECT_THAT(Upsert({{"item", {2, -1}, 1}}),
              StatusIs(StatusCode::kOutOfRange, HasSubstr("ids[1] = -1")));
  EXPECT_THAT(
      Upsert({{"item", {2, 0}, 1}}),
      StatusIs(StatusCode::kInvalidArgument,
               HasSubstr("ids[1] = 0 is the padding row of table \"item\"")));
  EXPECT_THAT(Upsert({{"item", {2}, 1, 1}}),
              StatusIs(StatusCode::kAborted, HasSubstr("at revision 0")));
  EXPECT_THAT(Upsert({{"item", {2}, 1}}, std::string(129, 'x')),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("128")));
  const std::vector<int64_t> ids = {1};
  const std::vector<float> short_row = {1, 2, 3};
  std::promise<absl::Status> refused;
  updater_->Submit(
      {"", {{"user", ids, AsBytes(short_row), {}}}},
      [&](const auto& result) { refused.set_value(result.status()); });
  EXPECT_THAT(refused.get_future().get(),
              StatusIs(StatusCode::kInvalidArgument,
                       HasSubstr("updates[0].values: 12 bytes, want 16")));
  EXPECT_EQ(registry_.snapshot()->epoch, epoch);
}

TEST_F(RowUpdaterTest, ScalesRowsDownAsTheTableSays) {
  TableSpec spec = ImportSpec("normed");
  spec.max_norm = 2;
  EMB_ASSERT_OK(ImportCounting(spec));
  EMB_ASSERT_OK(Upsert({{"normed", {1}, 10}}));
  EXPECT_NEAR(Element("normed", 1), 1, 1e-6);  // Four ones: a norm of 2.
}

TEST_F(RowUpdaterTest, StoresRowsInTheTablesDtype) {
  TableSpec spec = ImportSpec("half");
  spec.dtype = DType::kFloat16;
  EMB_ASSERT_OK(ImportCounting(spec));
  EXPECT_THAT(Upsert({{"half", {4, 1}, 1e6F}}),
              StatusIs(StatusCode::kInvalidArgument,
                       HasSubstr("updates[0]: values, row 0, column 0")));
  EMB_ASSERT_OK(Upsert({{"half", {1}, 1}}));
  const Table& rows = *Current("half")->rows;
  uint16_t element = 0;
  std::memcpy(&element, rows.row(1), sizeof element);
  EXPECT_EQ(element, 0x3C00);
}

TEST_F(RowUpdaterTest, AFailedCommitChangesNothingAndTheNextOneWorks) {
  store_.FailWrite(1, absl::ResourceExhaustedError("disk full"));
  EXPECT_THAT(Upsert({{"item", {3}, 100}}, "once"),
              StatusIs(StatusCode::kResourceExhausted));
  EXPECT_EQ(Element("item", 3), 12);
  EMB_ASSERT_OK_AND_ASSIGN(const UpsertResult result,
                           Upsert({{"item", {3}, 100}}, "once"));
  EXPECT_FALSE(result.repeated);
  EXPECT_EQ(result.tables[0].revision, 1);
}

TEST_F(RowUpdaterTest, DoesARequestOnce) {
  EMB_ASSERT_OK_AND_ASSIGN(const UpsertResult first,
                           Upsert({{"item", {3}, 100}}, "once"));
  EMB_ASSERT_OK(Upsert({{"item", {3}, 200}}, "another"));
  for (int start = 0; start < 2; ++start) {
    EMB_ASSERT_OK_AND_ASSIGN(const UpsertResult again,
                             Upsert({{"item", {3}, 100}}, "once"));
    EXPECT_TRUE(again.repeated);
    EXPECT_EQ(again.epoch, first.epoch);
    EXPECT_EQ(again.tables[0].revision, 1);
    EXPECT_EQ(Element("item", 3), 200);
    EXPECT_THAT(Upsert({{"item", {3}, 101}}, "once"),
                StatusIs(StatusCode::kInvalidArgument,
                         HasSubstr("that of another request")));
    Start(Durability::kSync);  // Remembered on disk too.
  }
}

TEST_F(RowUpdaterTest, ComparesAndSets) {
  EMB_ASSERT_OK(Upsert({{"item", {3}, 1, 0}}));
  EXPECT_THAT(Upsert({{"item", {3}, 2, 0}}), StatusIs(StatusCode::kAborted));
  EMB_ASSERT_OK(Upsert({{"item", {3}, 3, 1}}));
  EXPECT_EQ(Element("item", 3), 3);
}

// Requests that come while the disk is busy.
class WhileTheDiskIsBusy : public RowUpdaterTest {
 protected:
  void SetUp() override {
    RowUpdaterTest::SetUp();
    store_.OnCommit([this] {
      ++commits_;
      if (commits_ > 1) return;
      busy_.Notify();
      go_on_.WaitForNotification();
    });
    first_ = Submit({{"user", {1}, 1}});
    busy_.WaitForNotification();
  }

  void GoOn() {
    go_on_.Notify();
    EMB_EXPECT_OK(first_.get());
  }

  absl::Notification busy_;
  absl::Notification go_on_;
  int commits_ = 0;  // Of the updater's thread, until it has answered.
  Future first_;
};

TEST_F(WhileTheDiskIsBusy, ShareOneCommitInTheirOrder) {
  std::vector<Future> waiting;
  for (int i = 1; i <= 20; ++i) {
    waiting.push_back(
        Submit({{"item", {5, 1 + i % 3}, static_cast<float>(100 * i)}}));
  }
  Future refused = Submit({{"item", {0}, 1}});
  Future compared = Submit({{"item", {6}, 1, 20}});
  GoOn();
  std::vector<int64_t> revisions;
  uint64_t epoch = 0;
  for (Future& future : waiting) {
    EMB_ASSERT_OK_AND_ASSIGN(const UpsertResult result, future.get());
    revisions.push_back(result.tables[0].revision);
    if (epoch == 0) epoch = result.epoch;
    EXPECT_EQ(result.epoch, epoch);
  }
  for (size_t i = 0; i < revisions.size(); ++i) {
    EXPECT_EQ(revisions[i], static_cast<int64_t>(i) + 1);
  }
  EXPECT_THAT(refused.get(), StatusIs(StatusCode::kInvalidArgument));
  EMB_EXPECT_OK(compared.get());
  EXPECT_EQ(commits_, 2);
  for (const auto& snapshot : {registry_.snapshot(), Reload()}) {
    EXPECT_EQ(Element(*snapshot, "item", 5), 2000);
    EXPECT_EQ(Element(*snapshot, "item", 2), 1901);
    EXPECT_EQ(snapshot->tables.at("item")->record.revision, 21);
  }
}

TEST_F(WhileTheDiskIsBusy, ARequestThatIsSentTwiceIsDoneOnce) {
  Future once = Submit({{"item", {5}, 7}}, "once");
  Future again = Submit({{"item", {5}, 7}}, "once");
  Future other = Submit({{"item", {5}, 8}}, "once");
  GoOn();
  EMB_ASSERT_OK_AND_ASSIGN(const UpsertResult first, once.get());
  EMB_ASSERT_OK_AND_ASSIGN(const UpsertResult second, again.get());
  EXPECT_EQ(second.tables[0].revision, 1);
  EXPECT_EQ(second.epoch, first.epoch);
  EXPECT_TRUE(second.repeated);
  EXPECT_THAT(other.get(), StatusIs(StatusCode::kInvalidArgument));
  EXPECT_EQ(Current("item")->record.revision, 1);
}

TEST_F(WhileTheDiskIsBusy, OneFailureIsThatOfAllWhoShareIt) {
  Future a = Submit({{"item", {5}, 1}});
  Future b = Submit({{"user", {5}, 2}});
  store_.FailWrite(2, absl::ResourceExhaustedError("disk full"));
  GoOn();
  EXPECT_THAT(a.get(), StatusIs(StatusCode::kResourceExhausted));
  EXPECT_THAT(b.get(), StatusIs(StatusCode::kResourceExhausted));
  EXPECT_EQ(Element("item", 5), 20);
  EXPECT_EQ(Element("user", 5), 20);
}

TEST_F(RowUpdaterTest, ADamagedPatchTakesItsTableDown) {
  EMB_ASSERT_OK(Upsert({{"item", {3}, 100}, {"user", {3}, 100}}));
  const TablePtr item = Current("item");
  store_.DamagePatch(item->record.generation, 3);
  const auto snapshot = Reload();
  EXPECT_THAT(snapshot->Find("item", 0),
              StatusIs(StatusCode::kDataLoss,
                       testing::AllOf(HasSubstr("table \"item\" v1"),
                                      HasSubstr("row 3"))));
  EXPECT_EQ(Element(*snapshot, "user", 3), 100);
}

// Updates that come while a version is being published or pinned.
TEST_F(RowUpdaterTest, PinningAndPublishingKeepUpdates) {
  EMB_ASSERT_OK(Upsert({{"item", {3}, 100}}));
  EMB_ASSERT_OK(versions_.Pin({"item", 1}, true));
  EMB_ASSERT_OK(versions_.Publish({{"item", 1}}));
  EXPECT_EQ(Element("item", 3), 100);
  EXPECT_EQ(Current("item")->record.revision, 1);
}

TEST_F(RowUpdaterTest, AnUpdateBelongsToItsVersion) {
  EMB_ASSERT_OK(Upsert({{"item", {3}, 100}}));
  EMB_ASSERT_OK(ImportCounting(ImportSpec("item")));
  EXPECT_EQ(Element("item", 3), 12);
  EXPECT_EQ(Current("item")->record.revision, 0);
  EMB_ASSERT_OK(versions_.Rollback("item"));
  EXPECT_EQ(Element("item", 3), 100);
  EXPECT_EQ(Current("item")->record.revision, 1);
}

TEST_F(RowUpdaterTest, WithoutSyncItIsSyncedAtTheEndAtLatest) {
  Start(Durability::kInterval);
  EMB_ASSERT_OK(Upsert({{"item", {3}, 100}}));
  EXPECT_EQ(Element("item", 3), 100);
  const int64_t syncs = store_.num_syncs();
  updater_.reset();
  EXPECT_EQ(store_.num_syncs(), syncs + 1);
}

TEST_F(RowUpdaterTest, MemoryIsChargedForRowsThatReadersHold) {
  std::vector<std::shared_ptr<const Snapshot>> readers;
  absl::Status status;
  const int64_t before = budget_.used_bytes();
  TableSpec spec = ImportSpec("large", 1 << 20);  // 16 MiB of 64.
  EMB_ASSERT_OK(ImportCounting(spec));
  const int64_t loaded = budget_.used_bytes();
  EXPECT_GT(loaded, before);
  std::vector<int64_t> ids;
  for (int64_t id = 0; id < spec.num_rows; id += 1024) ids.push_back(id);
  for (int i = 0; i < 20 && status.ok(); ++i) {
    readers.push_back(registry_.snapshot());
    status = Upsert({{"large", ids, 1}}).status();
  }
  EXPECT_THAT(status, StatusIs(StatusCode::kResourceExhausted));
  EXPECT_GT(budget_.used_bytes(), loaded);
  EXPECT_LE(budget_.used_bytes(), budget_.limit_bytes());
}

}  // namespace
}  // namespace emb
