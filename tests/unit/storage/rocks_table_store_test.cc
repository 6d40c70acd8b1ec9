#include "storage/rocks_table_store.h"

#include <rocksdb/status.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "storage/record_format.h"
#include "storage/rocks_engine.h"
#include "storage/sealed_value.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"
#include "tests/testing/test_tables.h"

namespace emb {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::SizeIs;

std::vector<fs::path> FilesWith(const std::string& dir,
                                absl::string_view suffix) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(dir)) {
    if (absl::EndsWith(entry.path().string(), suffix)) {
      files.push_back(entry.path());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

// Flips bits of one byte of a file, `offset` from its begin.
void FlipByte(const fs::path& path, int64_t offset) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(offset);
  const int byte = file.get();
  file.seekp(offset);
  file.put(static_cast<char>(byte ^ 0x5a));
}

class RocksTableStoreTest : public testing::Test {
 protected:
  absl::StatusOr<std::unique_ptr<TableStore>> Open() {
    // Small files, so that a table has several.
    return OpenRocksTableStore(
        {.data_dir = dir_.path(), .file_bytes_max = int64_t{4} << 20});
  }

  // Opens, commits a table and closes.
  VersionRecord Store(const TestTable& table) {
    auto store = Open();
    EXPECT_THAT(store, IsOk());
    auto record = WriteTestTable(**store, table);
    EXPECT_THAT(record, IsOk());
    EXPECT_THAT((*store)->Commit(AddAndPublish(*record)), IsOk());
    EXPECT_THAT((*store)->Close(), IsOk());
    return *record;
  }

  TempDir dir_;
  const std::string db_ = dir_ / "rocksdb";
};

TEST_F(RocksTableStoreTest, RefusesASecondOpenByPid) {
  EMB_ASSERT_OK_AND_ASSIGN(auto store, Open());
  EXPECT_THAT(Open(), StatusIs(absl::StatusCode::kUnavailable,
                               HasSubstr(absl::StrCat("in use by process ",
                                                      getpid(), ", want"))));
  EMB_EXPECT_OK(store->Close());
  EMB_EXPECT_OK(Open());  // Close has released it; the object still lives.
}

TEST_F(RocksTableStoreTest, RefusesAForeignDirectory) {
  std::ofstream(dir_ / "thesis.txt") << "x";
  EXPECT_THAT(Open(), StatusIs(absl::StatusCode::kFailedPrecondition,
                               HasSubstr("holds \"thesis.txt\"")));
  EXPECT_FALSE(fs::exists(db_));
}

TEST_F(RocksTableStoreTest, StartsAnewAfterACrashInTheFirstCreation) {
  fs::create_directory(dir_ / "rocksdb.new");
  std::ofstream(dir_ / "rocksdb.new/CURRENT") << "MANIFEST-000001\n";
  EMB_EXPECT_OK(Open());
  EXPECT_FALSE(fs::exists(dir_ / "rocksdb.new"));
}

// A store that was there must never come back empty.
TEST_F(RocksTableStoreTest, RefusesAStoreThatLostAFile) {
  const struct {
    absl::string_view name;
    absl::string_view suffix;
  } cases[] = {{"CURRENT", "/CURRENT"}, {"a table file", ".sst"}};
  for (const auto& c : cases) {
    const VersionRecord record =
        Store({.name = absl::StrCat("t", c.suffix.size()),
               .num_chunks = 3,
               .chunk_bytes = 1 << 20});
    const fs::path victim = FilesWith(db_, c.suffix).back();
    fs::rename(victim, dir_ / "victim");
    EXPECT_THAT(Open(),
                StatusIs(absl::StatusCode::kDataLoss, HasSubstr(dir_.path())))
        << c.name;
    fs::rename(dir_ / "victim", victim);
    EMB_ASSERT_OK_AND_ASSIGN(const auto store, Open());
    EMB_EXPECT_OK(CheckTestRows(*store, record, 1));
  }
}

TEST_F(RocksTableStoreTest, RefusesAnEmptyStoreFolder) {
  fs::create_directory(db_);
  EXPECT_THAT(Open(),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("rocksdb")));
  EXPECT_FALSE(fs::exists(db_ + "/CURRENT"));
}

TEST_F(RocksTableStoreTest, NoticesDamageInTableFiles) {
  const VersionRecord record = Store({.num_chunks = 8, .chunk_bytes = 1 << 18});
  std::vector<fs::path> files = FilesWith(db_, ".sst");
  const auto largest = *std::max_element(
      files.begin(), files.end(), [](const auto& a, const auto& b) {
        return fs::file_size(a) < fs::file_size(b);
      });
  FlipByte(largest, static_cast<int64_t>(fs::file_size(largest) / 2));
  EMB_ASSERT_OK_AND_ASSIGN(const auto store, Open());
  EXPECT_THAT(CheckTestRows(*store, record, 1),
              StatusIs(absl::StatusCode::kDataLoss));
}

TEST_F(RocksTableStoreTest, SweepsWhatACrashLeftBehind) {
  const VersionRecord kept = Store({});
  {
    // As a crash between ingestion and commit leaves it.
    EMB_ASSERT_OK_AND_ASSIGN(const auto engine, RocksEngine::Open(db_));
    const std::string path = db_ + "/ingest-tmp/70-0.sst";
    EMB_ASSERT_OK_AND_ASSIGN(const auto file, engine->NewFile(path));
    const std::string chunk =
        EncodeChunk({.generation = 70, .number = 0}, TestRows(1, 0, 1 << 16));
    EMB_ASSERT_OK(file->Append(ChunkKey(70, 0), chunk));
    EMB_ASSERT_OK(file->Finish());
    EMB_ASSERT_OK(engine->Ingest({path}));
    EngineBatch batch;
    batch.chunks.emplace_back(ChunkKey(71, 0), chunk);
    EMB_ASSERT_OK(engine->Write(batch));
    std::ofstream(db_ + "/ingest-tmp/72-0.sst") << "half a file";
  }
  {
    EMB_ASSERT_OK_AND_ASSIGN(const auto store, Open());
    EMB_EXPECT_OK(CheckTestRows(*store, kept, 1));
    EMB_ASSERT_OK_AND_ASSIGN(const Generation next, store->NewGeneration());
    EXPECT_GT(next, 71);
  }
  EXPECT_TRUE(fs::is_empty(db_ + "/ingest-tmp"));
  EMB_ASSERT_OK_AND_ASSIGN(const auto engine, RocksEngine::Open(db_));
  EXPECT_THAT(engine->ListGenerations(),
              IsOkAndHolds(testing::ElementsAre(kept.generation)));
}

// A file that holds just the next generation's first chunk must stay.
TEST_F(RocksTableStoreTest, DeletesNoNeighbour) {
  EMB_ASSERT_OK_AND_ASSIGN(const auto store, Open());
  std::vector<VersionRecord> records;
  for (int64_t v = 1; v <= 3; ++v) {
    EMB_ASSERT_OK_AND_ASSIGN(
        records.emplace_back(),
        WriteTestTable(*store, {.version = v, .chunk_bytes = 2 << 20}));
    EMB_ASSERT_OK(store->Commit(AddAndPublish(records.back())));
  }
  EMB_ASSERT_OK(store->Commit({{}, {}, {{"users", 2}}}));
  EMB_EXPECT_OK(store->DeleteGeneration(records[1].generation));
  EMB_EXPECT_OK(CheckTestRows(*store, records[0], 1));
  EMB_EXPECT_OK(CheckTestRows(*store, records[2], 1));
}

TEST_F(RocksTableStoreTest, NamesANewerFormat) {
  Store({});
  {
    EMB_ASSERT_OK_AND_ASSIGN(const auto engine, RocksEngine::Open(db_));
    std::string value = EncodeFormatRecord();
    value[4] = 2;
    value.resize(value.size() - kChecksumBytes);
    EngineBatch batch;
    batch.records.emplace_back(kFormatRecordKey, Seal(std::move(value)));
    EMB_ASSERT_OK(engine->Write(batch));
  }
  EXPECT_THAT(Open(), StatusIs(absl::StatusCode::kFailedPrecondition,
                               HasSubstr("format version 2, this build reads "
                                         "versions up to 1")));
}

// Makes every write to a file fail while it lives, as a full or broken disk
// does. Root or not: the limit is the process's own.
class BrokenDisk {
 public:
  BrokenDisk() {
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before_);
    rlimit none = before_;
    none.rlim_cur = 1;
    setrlimit(RLIMIT_FSIZE, &none);
  }
  ~BrokenDisk() { setrlimit(RLIMIT_FSIZE, &before_); }

 private:
  rlimit before_ = {};
};

TEST_F(RocksTableStoreTest, IsReadOnlyAfterAFailedCommitUntilReopened) {
  const VersionRecord kept = Store({});
  EMB_ASSERT_OK_AND_ASSIGN(auto store, Open());
  EMB_ASSERT_OK_AND_ASSIGN(const VersionRecord lost,
                           WriteTestTable(*store, {.version = 2}));
  absl::Status failed;
  {
    const BrokenDisk broken;
    failed = store->Commit(AddAndPublish(lost)).status();
  }
  EXPECT_THAT(failed,
              StatusIs(absl::StatusCode::kInternal, HasSubstr("synced write")));
  const auto read_only = StatusIs(absl::StatusCode::kFailedPrecondition,
                                  HasSubstr("store is read-only after"));
  EXPECT_THAT(store->Commit({}), read_only);
  EXPECT_THAT(store->NewGeneration(), read_only);
  EXPECT_THAT(store->DeleteGeneration(lost.generation), read_only);
  EMB_ASSERT_OK_AND_ASSIGN(Manifest manifest, store->ReadManifest());
  EXPECT_THAT(manifest.versions, SizeIs(1));
  EMB_EXPECT_OK(CheckTestRows(*store, kept, 1));
  EXPECT_THAT(store->Close(), StatusIs(absl::StatusCode::kInternal));

  EMB_ASSERT_OK_AND_ASSIGN(store, Open());
  EMB_ASSERT_OK_AND_ASSIGN(manifest, store->ReadManifest());
  EXPECT_THAT(manifest.versions, SizeIs(1));
  EMB_EXPECT_OK(CheckTestRows(*store, kept, 1));
  EMB_EXPECT_OK(store->Commit({}));
}

// RocksDB tells of a failed file when the file is finished.
TEST_F(RocksTableStoreTest, ReportsAFileThatCannotBeWritten) {
  EMB_ASSERT_OK_AND_ASSIGN(const auto store, Open());
  absl::Status failed;
  Generation id = 0;
  {
    EMB_ASSERT_OK_AND_ASSIGN(id, store->NewGeneration());
    const BrokenDisk broken;
    for (int64_t i = 0; i < 20 && failed.ok(); ++i) {
      failed = store->WriteChunk(id, i, TestRows(1, i, 1 << 19));
    }
  }
  EXPECT_THAT(failed, StatusIs(absl::StatusCode::kInternal));
  // This generation is spoilt, the store is not.
  EXPECT_THAT(store->WriteChunk(id, 1, TestRows(1, 1, 4)),
              StatusIs(absl::StatusCode::kInternal));
  EMB_EXPECT_OK(store->DeleteGeneration(id));
  EMB_ASSERT_OK_AND_ASSIGN(const VersionRecord record,
                           WriteTestTable(*store, {}));
  EMB_EXPECT_OK(store->Commit(AddAndPublish(record)));
  EXPECT_TRUE(fs::is_empty(db_ + "/ingest-tmp"));
}

TEST_F(RocksTableStoreTest, LeavesNoFilesOfCommittedOrDroppedGenerations) {
  EMB_ASSERT_OK_AND_ASSIGN(const auto store, Open());
  const TestTable large = {.num_chunks = 4, .chunk_bytes = 1 << 19};
  EMB_ASSERT_OK_AND_ASSIGN(auto record, WriteTestTable(*store, large));
  EXPECT_FALSE(fs::is_empty(db_ + "/ingest-tmp"));
  EMB_ASSERT_OK(store->Commit(AddAndPublish(record)));
  EXPECT_TRUE(fs::is_empty(db_ + "/ingest-tmp"));
  EMB_ASSERT_OK_AND_ASSIGN(record, WriteTestTable(*store, large));
  EMB_ASSERT_OK(store->DeleteGeneration(record.generation));
  EXPECT_TRUE(fs::is_empty(db_ + "/ingest-tmp"));
}

// More than one batch may carry: some go through files.
TEST_F(RocksTableStoreTest, CommitsManySmallTablesAtOnce) {
  EMB_ASSERT_OK_AND_ASSIGN(auto store, Open());
  Edit edit;
  for (int i = 0; i < 40; ++i) {
    EMB_ASSERT_OK_AND_ASSIGN(
        edit.add.emplace_back(),
        WriteTestTable(*store, {.name = absl::StrCat("t", i),
                                .num_chunks = 3,
                                .chunk_bytes = 300 << 10}));
  }
  EXPECT_THAT(store->Commit(edit), IsOkAndHolds(1));
  store.reset();
  EMB_ASSERT_OK_AND_ASSIGN(store, Open());
  for (const VersionRecord& record : edit.add) {
    EMB_EXPECT_OK(CheckTestRows(*store, record, 1)) << record.spec.name;
  }
}

TEST(FromRocksStatus, MapsEveryKind) {
  using rocksdb::Status;
  const struct {
    Status from;
    absl::StatusCode to;
  } cases[] = {
      {Status::OK(), absl::StatusCode::kOk},
      {Status::NotFound("t"), absl::StatusCode::kNotFound},
      {Status::Corruption("t"), absl::StatusCode::kDataLoss},
      {Status::NoSpace("t"), absl::StatusCode::kResourceExhausted},
      {Status::Busy("t"), absl::StatusCode::kUnavailable},
      {Status::TryAgain("t"), absl::StatusCode::kUnavailable},
      {Status::TimedOut("t"), absl::StatusCode::kUnavailable},
      {Status::IOError("t"), absl::StatusCode::kInternal},
      {Status::InvalidArgument("t"), absl::StatusCode::kInternal},
      {Status::NotSupported("t"), absl::StatusCode::kInternal},
      {Status::MergeInProgress("t"), absl::StatusCode::kInternal},
      {Status::Incomplete("t"), absl::StatusCode::kInternal},
      {Status::ShutdownInProgress("t"), absl::StatusCode::kInternal},
      {Status::Aborted("t"), absl::StatusCode::kInternal},
      {Status::Expired("t"), absl::StatusCode::kInternal},
      {Status::CompactionTooLarge("t"), absl::StatusCode::kInternal},
      {Status::ColumnFamilyDropped("t"), absl::StatusCode::kInternal},
  };
  for (const auto& c : cases) {
    const absl::Status status = FromRocksStatus(c.from, "unit");
    EXPECT_EQ(status.code(), c.to) << c.from.ToString();
    if (!status.ok()) {
      EXPECT_EQ(status.message(), "unit: " + c.from.ToString());
    }
  }
}

}  // namespace
}  // namespace emb
