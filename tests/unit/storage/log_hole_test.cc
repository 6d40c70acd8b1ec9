// Zeros in a log, which RocksDB takes for the unused rest of a block.
#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "core/status_macros.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "storage/rocks_table_store.h"
#include "storage/salvage.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"
#include "tests/testing/test_tables.h"

namespace emb {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

constexpr size_t kBlockBytes = 32 << 10;
constexpr size_t kHeaderBytes = 7;  // Checksum, length, type.
constexpr int64_t kCommits = 150;   // Of some 850 bytes: four blocks.
constexpr int64_t kRowsPerCommit = 10;

class LogHoleTest : public testing::Test {
 protected:
  // Makes a store and leaves it as a crash would, all of it in one log.
  void SetUp() override {
    EMB_ASSERT_OK_AND_ASSIGN(const auto store,
                             OpenRocksTableStore({.data_dir = dir_ / "made"}));
    EMB_ASSERT_OK_AND_ASSIGN(VersionRecord record,
                             WriteTestTable(*store, {.chunk_bytes = 1024}));
    EMB_ASSERT_OK(store->Commit(AddAndPublish(record)));
    std::vector<int64_t> rows(kRowsPerCommit);
    for (size_t i = 0; i < rows.size(); ++i) rows[i] = static_cast<int64_t>(i);
    for (record.revision = 1; record.revision <= kCommits; ++record.revision) {
      const auto bytes = TestRows(7, record.revision, kRowsPerCommit * 4);
      Edit edit;
      edit.replace = {record};
      edit.patches = {{record.generation, rows, bytes}};
      edit.sync = record.revision == kCommits;
      EMB_ASSERT_OK(store->Commit(edit));
    }
    fs::copy(dir_ / "made", data_dir_, fs::copy_options::recursive);
    for (const auto& entry : fs::directory_iterator(data_dir_ + "/rocksdb")) {
      if (entry.path().extension() == ".log" && entry.file_size() > 0) {
        ASSERT_TRUE(log_.empty());
        log_ = entry.path();
      }
    }
    std::ifstream file(log_, std::ios::binary);
    bytes_.assign(std::istreambuf_iterator<char>(file), {});
    ASSERT_GT(bytes_.size(), 3 * kBlockBytes);
  }

  // Where the records of block `block` begin that continue none before.
  std::vector<size_t> RecordsOf(size_t block) const {
    std::vector<size_t> records;
    size_t at = block * kBlockBytes;
    const size_t end = std::min(bytes_.size(), at + kBlockBytes);
    while (at + kHeaderBytes < end) {
      const auto byte = [&](size_t i) {
        return static_cast<size_t>(static_cast<uint8_t>(bytes_[at + i]));
      };
      // 1 and 2: all of a record, or its begin.
      if (byte(6) <= 2) records.push_back(at);
      at += kHeaderBytes + byte(4) + 256 * byte(5);
    }
    return records;
  }

  void Write() const { std::ofstream(log_, std::ios::binary) << bytes_; }

  void Zero(size_t begin, size_t end) {
    std::fill(bytes_.begin() + static_cast<int64_t>(begin),
              bytes_.begin() + static_cast<int64_t>(end), '\0');
    Write();
  }

  // The third record of the last block; returns its revision.
  int64_t LeaveOutARecord() {
    const std::vector<size_t> records = RecordsOf(bytes_.size() / kBlockBytes);
    bytes_.erase(records.at(2), records.at(3) - records.at(2));
    Write();
    return kCommits - static_cast<int64_t>(records.size() - 3);
  }

  absl::StatusOr<int64_t> RevisionIn(const std::string& data_dir) const {
    EMB_ASSIGN_OR_RETURN(const auto store,
                         OpenRocksTableStore({.data_dir = data_dir}));
    EMB_ASSIGN_OR_RETURN(const Manifest manifest, store->ReadManifest());
    return manifest.versions.at(0).revision;
  }

  const TempDir dir_;
  const std::string data_dir_ = dir_ / "data";
  fs::path log_;
  std::string bytes_;
};

TEST_F(LogHoleTest, NoneIsNone) {
  EXPECT_THAT(RevisionIn(data_dir_), IsOkAndHolds(kCommits));
}

// RocksDB sees that the next block goes on with a record that did not begin.
TEST_F(LogHoleTest, ZerosInTheMiddleAreRefused) {
  Zero(RecordsOf(1).at(2), 2 * kBlockBytes);
  EXPECT_THAT(RevisionIn(data_dir_), StatusIs(absl::StatusCode::kDataLoss));
}

// It does not where a record happens to begin with a block, nor where one log
// ends too early and the next one is whole: as here, where one is left out.
TEST_F(LogHoleTest, ACommitThatIsMissingIsNoticed) {
  LeaveOutARecord();
  EXPECT_THAT(RevisionIn(data_dir_), StatusIs(absl::StatusCode::kDataLoss,
                                              HasSubstr("a hole in the log")));
}

TEST_F(LogHoleTest, SoIsABlockOfZerosBeforeTheFirstRecord) {
  bytes_.insert(0, kBlockBytes, '\0');
  Write();
  EXPECT_THAT(RevisionIn(data_dir_), StatusIs(absl::StatusCode::kDataLoss,
                                              HasSubstr("a hole in the log")));
}

TEST_F(LogHoleTest, WhatIsSalvagedEndsBeforeIt) {
  const int64_t missing = LeaveOutARecord();
  EMB_ASSERT_OK_AND_ASSIGN(const SalvagedStore salvaged,
                           SalvageStore(data_dir_, dir_ / "copy"));
  // The first commit made the table, each other one a revision.
  EXPECT_EQ(salvaged.epoch, static_cast<uint64_t>(missing));
  EXPECT_EQ(salvaged.latest_epoch, static_cast<uint64_t>(kCommits + 1));
  EXPECT_THAT(RevisionIn(dir_ / "copy"), IsOkAndHolds(missing - 1));
}

// As a write that was cut off.
TEST_F(LogHoleTest, OneAtTheEndIsForgiven) {
  const size_t last = RecordsOf(bytes_.size() / kBlockBytes).back();
  Zero(last, bytes_.size());
  EXPECT_THAT(RevisionIn(data_dir_), IsOkAndHolds(kCommits - 1));
}

}  // namespace
}  // namespace emb
