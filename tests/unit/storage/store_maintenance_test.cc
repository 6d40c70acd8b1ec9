// Backup, restore and verification of the embedded store.
#include "storage/store_maintenance.h"

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "core/status_macros.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "storage/rocks_table_store.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"
#include "tests/testing/test_tables.h"

namespace emb {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// Of a store or a backup, large enough to hold rows, in order.
std::vector<fs::path> RowFilesBelow(const fs::path& directory) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(directory)) {
    if (absl::EndsWith(entry.path().string(), ".sst") &&
        entry.file_size() > (1 << 16)) {
      files.push_back(entry.path());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

void FlipByte(const fs::path& path) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  const auto offset = static_cast<int64_t>(fs::file_size(path) / 2);
  file.seekg(offset);
  const int byte = file.get();
  file.seekp(offset);
  file.put(static_cast<char>(byte ^ 0x5a));
}

class StoreMaintenanceTest : public testing::Test {
 protected:
  void SetUp() override {
    auto store = OpenRocksTableStore({.data_dir = dir_ / "data"});
    ASSERT_THAT(store, IsOk());
    store_ = *std::move(store);
  }

  VersionRecord Add(const std::string& name) {
    auto record = WriteTestTable(
        *store_, {.name = name, .num_chunks = 3, .chunk_bytes = 1 << 18});
    EXPECT_THAT(record, IsOk());
    EXPECT_THAT(store_->Commit(AddAndPublish(*record)), IsOk());
    return *record;
  }

  StoreMaintenance& maintenance() { return *store_->maintenance(); }
  absl::StatusOr<StoredBackup> Backup(int64_t keep = 0) {
    return maintenance().Backup(backups_, keep, {});
  }

  // An empty store beside the first.
  absl::StatusOr<std::unique_ptr<TableStore>> OpenOther() {
    return OpenRocksTableStore({.data_dir = dir_ / "other"});
  }

  TempDir dir_;
  const std::string backups_ = dir_ / "backups";
  std::unique_ptr<TableStore> store_;
};

TEST_F(StoreMaintenanceTest, RestoresEveryBackupOfADirectory) {
  const VersionRecord first = Add("first");
  EMB_ASSERT_OK_AND_ASSIGN(const StoredBackup one, Backup());
  EXPECT_EQ(one.id, 1);
  EXPECT_EQ(one.num_tables, 1);
  const VersionRecord second = Add("second");
  EMB_ASSERT_OK_AND_ASSIGN(const StoredBackup two, Backup());
  EXPECT_EQ(two.epoch, 2);
  for (const int64_t id : {int64_t{0}, one.id}) {
    fs::remove_all(dir_ / "other");
    EMB_ASSERT_OK_AND_ASSIGN(const auto other, OpenOther());
    EMB_ASSERT_OK(other->maintenance()->Restore(backups_, id));
    EMB_ASSERT_OK_AND_ASSIGN(const Manifest manifest, other->ReadManifest());
    EXPECT_THAT(manifest.versions, SizeIs(id == 1 ? 1 : 2));
    EMB_EXPECT_OK(CheckTestRows(*other, first, 1));
    if (id == 0) {
      EMB_EXPECT_OK(CheckTestRows(*other, second, 1));
    }
    // It is a store like any other: it takes tables, and opens again.
    EMB_ASSERT_OK_AND_ASSIGN(
        const VersionRecord third,
        WriteTestTable(*other, {.name = "third", .num_chunks = 1}));
    EMB_EXPECT_OK(other->Commit(AddAndPublish(third)));
    EMB_EXPECT_OK(other->Close());
    EMB_EXPECT_OK(OpenOther());
  }
}

// The second one costs what has changed.
TEST_F(StoreMaintenanceTest, CopiesOnlyWhatIsNew) {
  Add("first");
  EMB_ASSERT_OK(Backup());
  const auto before = RowFilesBelow(backups_);
  ASSERT_THAT(before, SizeIs(1));
  Add("second");
  EMB_ASSERT_OK(Backup());
  EXPECT_THAT(RowFilesBelow(backups_), SizeIs(2));
  EMB_ASSERT_OK(Backup());
  EXPECT_THAT(RowFilesBelow(backups_), SizeIs(2));
}

TEST_F(StoreMaintenanceTest, KeepsTheNewest) {
  Add("first");
  for (int i = 0; i < 3; ++i) EMB_ASSERT_OK(Backup(/*keep=*/2));
  EMB_ASSERT_OK_AND_ASSIGN(const auto backups, ListStoredBackups(backups_));
  ASSERT_THAT(backups, SizeIs(2));
  EXPECT_EQ(backups[0].id, 2);
  EXPECT_EQ(backups[1].id, 3);
}

// The control: the same backup succeeds before the byte is flipped.
TEST_F(StoreMaintenanceTest, FailsWhenTheSourceIsDamagedAndKeepsEarlierOnes) {
  const VersionRecord record = Add("first");
  EMB_ASSERT_OK(Backup());
  const auto files = RowFilesBelow(dir_ / "data");
  ASSERT_THAT(files, SizeIs(1));
  FlipByte(files[0]);
  EXPECT_THAT(Backup(),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("checksum")));
  EMB_ASSERT_OK_AND_ASSIGN(const auto backups, ListStoredBackups(backups_));
  ASSERT_THAT(backups, SizeIs(1));
  EMB_ASSERT_OK_AND_ASSIGN(const auto other, OpenOther());
  EMB_ASSERT_OK(other->maintenance()->Restore(backups_, 0));
  EMB_EXPECT_OK(CheckTestRows(*other, record, 1));
}

TEST_F(StoreMaintenanceTest, MakesNoBackupOfADamagedSource) {
  Add("first");
  EMB_ASSERT_OK(maintenance().VerifyFiles({}));
  EMB_ASSERT_OK(store_->Close());
  SetUp();  // So that its rows are in a file.
  FlipByte(RowFilesBelow(dir_ / "data").at(0));
  EXPECT_THAT(maintenance().VerifyFiles({}),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr(".sst")));
  EXPECT_THAT(Backup(),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr(".sst")));
  EXPECT_THAT(ListStoredBackups(backups_),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("none")));
}

// The control: the same restore succeeds before the byte is flipped.
TEST_F(StoreMaintenanceTest, RefusesADamagedBackupAndStaysEmpty) {
  Add("first");
  EMB_ASSERT_OK(Backup());
  {
    EMB_ASSERT_OK_AND_ASSIGN(const auto other, OpenOther());
    EMB_ASSERT_OK(other->maintenance()->Restore(backups_, 0));
  }
  fs::remove_all(dir_ / "other");
  FlipByte(RowFilesBelow(backups_).at(0));
  EMB_ASSERT_OK_AND_ASSIGN(const auto other, OpenOther());
  EXPECT_THAT(other->maintenance()->Restore(backups_, 0),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("number 1")));
  EMB_ASSERT_OK_AND_ASSIGN(const Manifest manifest, other->ReadManifest());
  EXPECT_THAT(manifest.versions, IsEmpty());
  // Still a store that takes tables.
  EMB_EXPECT_OK(WriteTestTable(*other, {.name = "t", .num_chunks = 1}));
}

// An older one in its place would bring back rows that were updated since.
TEST_F(StoreMaintenanceTest, TakesNoOlderBackupInPlaceOfADamagedOne) {
  Add("first");
  EMB_ASSERT_OK(Backup());
  Add("second");
  EMB_ASSERT_OK(Backup());
  fs::remove(RowFilesBelow(backups_).at(1));
  EMB_ASSERT_OK_AND_ASSIGN(const auto other, OpenOther());
  EXPECT_THAT(
      other->maintenance()->Restore(backups_, 0),
      StatusIs(absl::StatusCode::kDataLoss, HasSubstr("number 2 is damaged")));
  EMB_EXPECT_OK(other->maintenance()->Restore(backups_, 1));
}

TEST_F(StoreMaintenanceTest, RefusesWhatIsNotItsPlace) {
  Add("first");
  fs::create_directories(backups_);
  std::ofstream(backups_ + "/thesis.txt") << "x";
  EXPECT_THAT(Backup(), StatusIs(absl::StatusCode::kFailedPrecondition,
                                 HasSubstr("something else")));
  EXPECT_TRUE(fs::exists(backups_ + "/thesis.txt"));
  fs::remove(backups_ + "/thesis.txt");
  EMB_ASSERT_OK(Backup());
  EXPECT_THAT(maintenance().Restore(backups_, 0),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("has held tables")));
  EMB_ASSERT_OK_AND_ASSIGN(const auto other, OpenOther());
  EXPECT_THAT(other->maintenance()->Restore(backups_, 7),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("number 7")));
  EXPECT_THAT(other->maintenance()->Restore(dir_ / "nowhere", 0),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("none")));
}

TEST_F(StoreMaintenanceTest, GivesUpWhenTheCallerHasGone) {
  Add("first");
  WorkWatch gone;
  gone.cancelled = [] { return true; };
  EXPECT_THAT(maintenance().Backup(backups_, 0, gone),
              StatusIs(absl::StatusCode::kCancelled, HasSubstr("gone")));
  EXPECT_THAT(maintenance().VerifyFiles(gone),
              StatusIs(absl::StatusCode::kCancelled, HasSubstr("gone")));
  EMB_EXPECT_OK(Backup());
}

// Compared, copied and read back, each within the rate; a limiter lets some of
// each through at once.
TEST_F(StoreMaintenanceTest, ReadsNoFasterThanAsked) {
  Add("first");
  WorkWatch slow;
  slow.bytes_per_second = 1 << 20;
  const absl::Time start = absl::Now();
  EMB_ASSERT_OK_AND_ASSIGN(const StoredBackup made,
                           maintenance().Backup(backups_, 0, slow));
  const absl::Duration took = absl::Now() - start;
  const absl::Duration once =
      absl::Seconds(1) * made.bytes / slow.bytes_per_second;
  EXPECT_GT(took, 2.5 * once) << once;
}

// Each table is committed with its predecessors, so a backup that holds one
// without them is no moment of the store.
TEST_F(StoreMaintenanceTest, HoldsOneMomentWhileTablesAreWritten) {
  std::atomic<bool> finished = false;
  std::atomic<int> committed = 0;
  std::thread writer([&] {
    for (int i = 0; !finished || i < 4; ++i) {
      Add(absl::StrCat("t", 1000 + i));
      committed = i + 1;
    }
  });
  for (int i = 0; i < 3; ++i) {
    const int at_least = committed;
    const auto made = Backup();
    EXPECT_THAT(made, IsOk());
    if (!made.ok()) break;
    EXPECT_GE(made->num_tables, at_least);
    EXPECT_EQ(made->epoch, static_cast<uint64_t>(made->num_tables));
  }
  finished = true;
  writer.join();
  EMB_ASSERT_OK_AND_ASSIGN(const auto backups, ListStoredBackups(backups_));
  for (const StoredBackup& backup : backups) {
    fs::remove_all(dir_ / "other");
    EMB_ASSERT_OK_AND_ASSIGN(const auto other, OpenOther());
    EMB_ASSERT_OK(other->maintenance()->Restore(backups_, backup.id));
    EMB_ASSERT_OK_AND_ASSIGN(const Manifest manifest, other->ReadManifest());
    EXPECT_EQ(manifest.epoch, backup.epoch);
    ASSERT_EQ(manifest.versions.size(), backup.epoch);
    for (const VersionRecord& record : manifest.versions) {
      EMB_EXPECT_OK(CheckTestRows(*other, record, 1));
    }
  }
}

}  // namespace
}  // namespace emb
