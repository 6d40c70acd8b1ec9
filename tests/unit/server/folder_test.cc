#include "server/folder.h"

#include <atomic>
#include <cstring>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "core/mutex.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/row_updater.h"
#include "server/table_loader.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/server/manager_fixture.h"

namespace emb {
namespace {

using absl::StatusCode;

class FolderTest : public ManagerFixture {
 protected:
  void SetUp() override {
    EMB_ASSERT_OK(ImportCounting(ImportSpec("item")));
    updater_ = std::make_unique<RowUpdater>(RowUpdater::Dependencies{
        store_, committer_, reclaimer_, budget_, targets_, Durability::kSync,
        [this] { return now_; },
        [this] {
          if (folder_) folder_->Notice();
        },
        [](const absl::Status& status) { EMB_EXPECT_OK(status); }});
    folder_ = MakeFolder(absl::InfiniteDuration());
  }

  std::unique_ptr<Folder> MakeFolder(absl::Duration interval,
                                     int64_t bytes_per_second = 1 << 30) {
    return std::make_unique<Folder>(Folder::Dependencies{
        store_, registry_, committer_, targets_, interval, bytes_per_second,
        [this] { return now_ + absl::Seconds(seconds_.load()); },
        [this](const std::string& table, const absl::Status& status,
               absl::Duration duration) {
          EMB_EXPECT_OK(status) << table;
          EXPECT_GE(duration, absl::ZeroDuration());
          const MutexLock lock(mutex_);
          folds_.push_back(table);
          folded_.NotifyAll();
        }});
  }

  // The tables that were folded by themselves, once they are so many.
  std::vector<std::string> AwaitFolds(size_t count) {
    MutexLock lock(mutex_);
    while (folds_.size() < count) folded_.Wait(mutex_);
    return folds_;
  }

  // Makes all elements of these rows `value`.
  void Upsert(const std::vector<int64_t>& ids, float value,
              const std::string& table = "item") {
    const std::vector<float> values(ids.size() * 4, value);
    std::promise<absl::Status> done;
    updater_->Submit(
        {"", {{table, ids, AsBytes(values), {}}}},
        [&](const auto& result) { done.set_value(result.status()); });
    EMB_ASSERT_OK(done.get_future().get());
  }

  static float Element(const Snapshot& snapshot, int64_t row) {
    float value = 0;
    std::memcpy(&value, snapshot.tables.at("item")->rows->row(row),
                sizeof value);
    return value;
  }

  TablePtr Current() { return registry_.snapshot()->tables.at("item"); }

  std::shared_ptr<const Snapshot> Reload() {
    auto snapshot = LoadTables(store_, budget_, reclaimer_, {});
    EXPECT_THAT(snapshot, IsOk());
    return *snapshot;
  }

  int64_t NumPatches(Generation generation) {
    int64_t count = 0;
    EMB_EXPECT_OK(store_.ScanPatches(generation, [&](int64_t, auto) {
      ++count;
      return absl::OkStatus();
    }));
    return count;
  }

  FoldTargets targets_;
  // Of the folder's clock, whose thread reads it.
  std::atomic<int64_t> seconds_ = 0;
  Mutex mutex_;
  CondVar folded_;
  std::vector<std::string> folds_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<Folder> folder_;
  std::unique_ptr<RowUpdater> updater_;  // Goes first.
};

TEST_F(FolderTest, PutsRowsIntoChunks) {
  Upsert({3, 7}, 100);
  const TablePtr before = Current();
  const Digest digest = *CurrentDigest(*before);
  EMB_ASSERT_OK(folder_->Fold("item"));
  const VersionRecord& after = Current()->record;
  EXPECT_NE(after.generation, before->record.generation);
  EXPECT_EQ(after.revision, 1);
  EXPECT_EQ(after.folded_revision, 1);
  EXPECT_EQ(after.digest, digest);
  EXPECT_EQ(Current()->num_patches, 0);
  EXPECT_EQ(NumPatches(after.generation), 0);
  EXPECT_EQ(NumPatches(before->record.generation), 0);
  EXPECT_EQ(store_.num_generations(), 1);
  EXPECT_TRUE(targets_.empty());
  const auto snapshot = Reload();
  EXPECT_EQ(Element(*snapshot, 3), 100);
  EXPECT_EQ(Element(*snapshot, 4), 16);
}

// The fold writes rows of revision 1; the update comes before it is done.
TEST_F(FolderTest, KeepsUpdatesThatComeMeanwhile) {
  Upsert({3}, 100);
  bool first = true;
  store_.OnWriteChunk([&] {
    if (std::exchange(first, false)) Upsert({3, 5}, 200);
  });
  EMB_ASSERT_OK(folder_->Fold("item"));
  EXPECT_FALSE(first);
  EXPECT_EQ(Current()->record.revision, 2);
  EXPECT_EQ(Current()->record.folded_revision, 1);
  EXPECT_EQ(Current()->num_patches, 2);
  EXPECT_EQ(NumPatches(Current()->record.generation), 2);
  for (const auto& snapshot : {registry_.snapshot(), Reload()}) {
    EXPECT_EQ(Element(*snapshot, 3), 200);
    EXPECT_EQ(Element(*snapshot, 5), 200);
  }
  EXPECT_EQ(*CurrentDigest(*Current()),
            *CurrentDigest(*Reload()->tables.at("item")));
}

TEST_F(FolderTest, WhatFailsLeavesTheTableAsItWas) {
  Upsert({3}, 100);
  const TablePtr before = Current();
  for (const int64_t write : {1, 2}) {  // The chunk, then the commit.
    store_.FailWrite(write, absl::ResourceExhaustedError("disk full"));
    EXPECT_THAT(folder_->Fold("item"),
                StatusIs(StatusCode::kResourceExhausted));
    EXPECT_EQ(Current(), before);
    EXPECT_EQ(store_.num_generations(), 1);
    EXPECT_TRUE(targets_.empty());
  }
  Upsert({4}, 100);
  EXPECT_EQ(Element(*Reload(), 4), 100);
}

TEST_F(FolderTest, ATableThatGoesMeanwhileIsGone) {
  Upsert({3}, 100);
  store_.OnWriteChunk([&] { EMB_EXPECT_OK(manager_.Drop("item")); });
  EXPECT_THAT(folder_->Fold("item"), StatusIs(StatusCode::kNotFound));
  EXPECT_EQ(store_.num_generations(), 0);
  EXPECT_TRUE(targets_.empty());
}

// A fold of version 1 that ends while the version, no longer current, is read
// from disk to be published again: at EndFold.
class FoldedMeanwhile : public FolderTest {
 protected:
  void SetUp() override {
    FolderTest::SetUp();
    Upsert({3, 7}, 100);
    store_.OnWriteChunk([this] {
      store_.OnWriteChunk(nullptr);
      begun_.Notify();
      ended_.WaitForNotification();
    });
    fold_ = std::async(std::launch::async,
                       [this] { return folder_->Fold("item"); });
    begun_.WaitForNotification();
    EMB_ASSERT_OK(ImportCounting(ImportSpec("item")));
  }

  void TearDown() override { EndFold(); }

  // The first time.
  void EndFold() {
    if (ended_.HasBeenNotified()) return;
    ended_.Notify();
    EMB_EXPECT_OK(fold_.get());
  }

  // The rows are those of version 1, in memory and on disk, and can be updated.
  void CheckRows() {
    EXPECT_TRUE(ended_.HasBeenNotified());
    EXPECT_EQ(Element(*registry_.snapshot(), 3), 100);
    Upsert({5}, 200);
    for (const auto& snapshot : {registry_.snapshot(), Reload()}) {
      EXPECT_EQ(snapshot->tables.at("item")->record.version, 1);
      EXPECT_EQ(Element(*snapshot, 3), 100);
      EXPECT_EQ(Element(*snapshot, 5), 200);
    }
    EXPECT_EQ(Current()->num_patches, 1);
  }

 private:
  absl::Notification begun_;
  absl::Notification ended_;
  std::future<absl::Status> fold_;
};

TEST_F(FoldedMeanwhile, BeforeChunksAreRead) {
  store_.OnScanChunks([this] { EndFold(); });
  EMB_ASSERT_OK(versions_.Rollback("item"));
  CheckRows();
}

// The chunks alone are rows of long ago.
TEST_F(FoldedMeanwhile, BeforePatchesAreRead) {
  store_.OnScanPatches([this] { EndFold(); });
  EMB_ASSERT_OK(versions_.Rollback("item"));
  CheckRows();
}

// Updates were refused: FAILED_PRECONDITION, generation 1 has 0 chunks.
TEST_F(FoldedMeanwhile, BeforeTheVersionIsPublished) {
  VersionManager versions({store_,
                           registry_,
                           committer_,
                           claims_,
                           budget_,
                           reclaimer_,
                           {},
                           SwapPolicy::kLoadFirst,
                           [this] {
                             EndFold();
                             return now_;
                           }});
  EMB_ASSERT_OK(versions.Rollback("item"));
  CheckRows();
}

TEST_F(FoldedMeanwhile, BeforeAPinnedVersionIsKept) {
  store_.OnScanPatches([this] { EndFold(); });
  EMB_ASSERT_OK(versions_.Pin({"item", 1}, true));
  EMB_ASSERT_OK(versions_.Publish({{"item", 1}}));
  CheckRows();
}

// What is read without a claim may go altogether.
TEST_F(FoldedMeanwhile, OrTheTableIsDropped) {
  EndFold();
  store_.OnScanChunks([this] { EMB_EXPECT_OK(manager_.Drop("item")); });
  EXPECT_THAT(versions_.WithRows(*registry_.snapshot(), {"item", 1}),
              StatusIs(StatusCode::kNotFound));
}

TEST_F(FolderTest, FoldsByItselfOnceHalfOfTheRowsWereWritten) {
  folder_ = nullptr;
  folder_ = MakeFolder(absl::ZeroDuration());
  Upsert({1, 2, 3, 4}, 100);  // Of ten.
  EXPECT_EQ(Current()->record.folded_revision, 0);
  Upsert({1}, 200);
  EXPECT_EQ(AwaitFolds(1), std::vector<std::string>{"item"});
  EXPECT_EQ(Current()->record.folded_revision, 2);
}

// "a" is found before "b": that "b" is folded says that "a" was not due.
TEST_F(FolderTest, FoldsATableOnceInAnInterval) {
  for (const char* const name : {"a", "b"}) {
    EMB_ASSERT_OK(ImportCounting(ImportSpec(name)));
  }
  folder_ = nullptr;
  folder_ = MakeFolder(absl::Minutes(10));
  const std::vector<int64_t> half = {1, 2, 3, 4, 5};
  seconds_ = 600;
  Upsert(half, 100, "a");
  EXPECT_EQ(AwaitFolds(1), (std::vector<std::string>{"a"}));
  seconds_ = 1'199;
  Upsert(half, 200, "a");
  Upsert(half, 200, "b");
  EXPECT_EQ(AwaitFolds(2), (std::vector<std::string>{"a", "b"}));
  seconds_ = 1'200;
  folder_->Notice();
  EXPECT_EQ(AwaitFolds(3), (std::vector<std::string>{"a", "b", "a"}));
}

TEST_F(FolderTest, WritesNoFasterThanItsRate) {
  folder_ = nullptr;
  folder_ = MakeFolder(absl::InfiniteDuration(), /*bytes_per_second=*/1'600);
  Upsert({3}, 100);
  const absl::Time start = absl::Now();
  EMB_ASSERT_OK(folder_->Fold("item"));
  // Ten rows of 16 bytes.
  EXPECT_GE(absl::Now() - start, absl::Milliseconds(100));
}

// At this rate it would take minutes.
TEST_F(FolderTest, GivesUpWhenItIsStopped) {
  folder_ = nullptr;
  folder_ = MakeFolder(absl::InfiniteDuration(), /*bytes_per_second=*/1);
  Upsert({3}, 100);
  const TablePtr before = Current();
  absl::Notification writing;
  store_.OnWriteChunk([&] { writing.Notify(); });
  auto fold =
      std::async(std::launch::async, [this] { return folder_->Fold("item"); });
  writing.WaitForNotification();
  folder_->Stop();
  EXPECT_THAT(fold.get(), StatusIs(StatusCode::kCancelled));
  EXPECT_EQ(Current(), before);
  EXPECT_EQ(store_.num_generations(), 1);
}

TEST_F(FolderTest, PatchesAreCountedWhenATableIsLoaded) {
  Upsert({1, 2, 1}, 100);
  EXPECT_EQ(Current()->num_patches, 3);
  EXPECT_EQ(Reload()->tables.at("item")->num_patches, 2);
}

}  // namespace
}  // namespace emb
