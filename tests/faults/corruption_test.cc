// Random damage to the files of a store: whoever opens it is told, or reads
// what was written, byte for byte.
//
// EMB_CORRUPTIONS  how many (default 300); EMB_TEST_SEED repeats a run.
#include <rocksdb/db.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "core/status_macros.h"
#include "gtest/gtest.h"
#include "storage/digest.h"
#include "storage/rocks_engine.h"
#include "storage/rocks_table_store.h"
#include "tests/testing/from_environment.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"
#include "tests/testing/test_tables.h"

namespace emb {
namespace {

namespace fs = std::filesystem;

// Everything that a store holds, as text that differs if any of it does.
absl::StatusOr<std::string> Dump(TableStore& store) {
  EMB_ASSIGN_OR_RETURN(const Manifest manifest, store.ReadManifest());
  std::string all;
  const auto add = [&](int64_t number, absl::Span<const std::byte> bytes) {
    absl::StrAppend(&all, number, ":");
    all.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return absl::OkStatus();
  };
  for (const VersionRecord& record : manifest.versions) {
    absl::StrAppend(&all, record.spec.name, " ", record.version, " ",
                    record.revision, " ", DigestToHex(record.digest), "\n");
    EMB_RETURN_IF_ERROR(
        store.ScanChunks(record.generation, 0, record.num_chunks(), add));
    EMB_RETURN_IF_ERROR(store.ScanPatches(record.generation, add));
  }
  for (const VersionKey& current : manifest.current) {
    absl::StrAppend(&all, current.table, " ", current.version, "\n");
  }
  EMB_ASSIGN_OR_RETURN(const auto requests, store.ReadRequests());
  for (const AppliedRequest& request : requests) {
    absl::StrAppend(&all, request.number, " ", request.id, "\n");
  }
  return all;
}

// What a store is to hold, by epoch.
using History = std::map<uint64_t, std::string>;

absl::Status Record(TableStore& store, History& history) {
  EMB_ASSIGN_OR_RETURN(const Manifest manifest, store.ReadManifest());
  EMB_ASSIGN_OR_RETURN(history[manifest.epoch], Dump(store));
  return absl::OkStatus();
}

absl::Status PatchRows(TableStore& store, VersionRecord& record, int64_t first,
                       std::mt19937_64& chance) {
  ++record.revision;
  const std::vector<int64_t> rows = {first, first + 1};
  std::vector<std::byte> bytes(8);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(chance());
  Edit edit;
  edit.replace = {record};
  edit.patches = {{record.generation, rows, bytes}};
  AppliedRequest request;
  request.number = static_cast<uint64_t>(record.revision);
  request.id = absl::StrCat(record.spec.name, record.revision);
  if (record.spec.name == "t0") edit.requests = {request};
  return store.Commit(edit).status();
}

absl::Status ChangeTables(TableStore& store, std::vector<VersionRecord>& tables,
                          History& history, std::mt19937_64& chance) {
  for (VersionRecord& record : tables) {
    for (int64_t i = 0; i < 4; ++i) {
      EMB_RETURN_IF_ERROR(PatchRows(store, record, 2 * i, chance));
      EMB_RETURN_IF_ERROR(Record(store, history));
    }
  }
  return absl::OkStatus();
}

// Makes tables and changes them, some of it flushed to files, some only in the
// log, and leaves a copy of the directory as a crash would.
absl::Status MakeStore(const std::string& path, const std::string& copy,
                       History& history) {
  std::mt19937_64 chance(1);
  std::vector<VersionRecord> tables;
  {
    EMB_ASSIGN_OR_RETURN(const auto store,
                         OpenRocksTableStore({.data_dir = path}));
    for (int i = 0; i < 3; ++i) {
      EMB_ASSIGN_OR_RETURN(
          const VersionRecord record,
          WriteTestTable(*store, {.name = absl::StrCat("t", i),
                                  .num_chunks = 3,
                                  .chunk_bytes = 1 << (10 + 3 * i)}));
      EMB_RETURN_IF_ERROR(store->Commit(AddAndPublish(record)).status());
      tables.push_back(record);
    }
    EMB_RETURN_IF_ERROR(ChangeTables(*store, tables, history, chance));
    EMB_RETURN_IF_ERROR(store->Close());
  }
  EMB_ASSIGN_OR_RETURN(const auto store,
                       OpenRocksTableStore({.data_dir = path}));
  EMB_RETURN_IF_ERROR(ChangeTables(*store, tables, history, chance));
  fs::copy(path, copy, fs::copy_options::recursive);
  return absl::OkStatus();
}

// Files that say what the tables are, in a fixed order.
std::vector<fs::path> FilesOf(const fs::path& directory) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(directory)) {
    const std::string name = entry.path().filename().string();
    if (entry.is_regular_file() && entry.file_size() > 0 &&
        (absl::EndsWith(name, ".sst") || absl::EndsWith(name, ".log") ||
         absl::StartsWith(name, "MANIFEST") || name == "CURRENT")) {
      files.push_back(entry.path());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::string ReadFile(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// One bit, 4 KiB of zeros, or everything from somewhere on.
std::string Damage(std::string bytes, std::mt19937_64& chance) {
  const size_t at = chance() % bytes.size();
  switch (chance() % 3) {
    case 0:
      bytes[at] = static_cast<char>(bytes[at] ^ (1 << (chance() % 8)));
      break;
    case 1:
      std::fill_n(bytes.begin() + static_cast<int64_t>(at),
                  std::min<size_t>(4096, bytes.size() - at), '\0');
      break;
    default:
      bytes.resize(at);
  }
  return bytes;
}

absl::StatusOr<std::pair<uint64_t, std::string>> OpenAndDump(
    const std::string& path) {
  EMB_ASSIGN_OR_RETURN(const auto store,
                       OpenRocksTableStore({.data_dir = path}));
  EMB_ASSIGN_OR_RETURN(const Manifest manifest, store->ReadManifest());
  EMB_ASSIGN_OR_RETURN(std::string dump, Dump(*store));
  return std::make_pair(manifest.epoch, std::move(dump));
}

// All values that RocksDB finds at the path, whatever their checksums say.
absl::StatusOr<std::string> DumpUnchecked(const std::string& path) {
  std::vector<std::string> names;
  EMB_RETURN_IF_ERROR(FromRocksStatus(
      rocksdb::DB::ListColumnFamilies({}, path, &names), "list"));
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  for (const std::string& name : names)
    families.emplace_back(name, rocksdb::ColumnFamilyOptions());
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* opened = nullptr;
  EMB_RETURN_IF_ERROR(FromRocksStatus(
      rocksdb::DB::OpenForReadOnly({}, path, families, &handles, &opened),
      "open"));
  const std::unique_ptr<rocksdb::DB> db(opened);
  rocksdb::ReadOptions unchecked;
  unchecked.verify_checksums = false;
  std::string all;
  for (rocksdb::ColumnFamilyHandle* const handle : handles) {
    const std::unique_ptr<rocksdb::Iterator> it(
        db->NewIterator(unchecked, handle));
    for (it->SeekToFirst(); it->Valid(); it->Next()) {
      all.append(it->value().data(), it->value().size());
    }
    db->DestroyColumnFamilyHandle(handle).PermitUncheckedError();
  }
  return all;
}

class Corruption : public testing::Test {
 protected:
  void SetUp() override {
    EMB_ASSERT_OK(MakeStore(dir_ / "made", dir_ / "data", history_));
  }

  // A fresh copy of the store.
  std::string Copy() {
    const std::string path = dir_ / "copy";
    fs::remove_all(path);
    fs::copy(dir_ / "data", path, fs::copy_options::recursive);
    return path;
  }

  TempDir dir_;
  History history_;
};

// The control: without damage it is all there.
TEST_F(Corruption, NoneChangesNothing) {
  const auto found = OpenAndDump(Copy());
  EMB_ASSERT_OK(found);
  EXPECT_EQ(found->first, history_.rbegin()->first);
  EXPECT_EQ(found->second, history_.rbegin()->second);
}

// The control: without checksums a wrong row is read, and nobody is told.
TEST_F(Corruption, IsServedWhereNobodyChecks) {
  const std::string path = Copy();
  EMB_ASSERT_OK_AND_ASSIGN(const std::string want,
                           DumpUnchecked(path + "/rocksdb"));
  const std::vector<fs::path> files = FilesOf(path);
  const auto largest = std::max_element(
      files.begin(), files.end(), [](const fs::path& a, const fs::path& b) {
        return fs::file_size(a) < fs::file_size(b);
      });
  std::string bytes = ReadFile(*largest);
  bytes[bytes.size() / 2] ^= 1;
  std::ofstream(*largest, std::ios::binary) << bytes;
  EMB_ASSERT_OK_AND_ASSIGN(const std::string found,
                           DumpUnchecked(path + "/rocksdb"));
  EXPECT_EQ(found.size(), want.size());
  EXPECT_NE(found, want);
  EXPECT_THAT(OpenAndDump(path), StatusIs(absl::StatusCode::kDataLoss));
}

TEST_F(Corruption, IsToldOrHarmless) {
  const uint64_t seed =
      FromEnvironment("EMB_TEST_SEED", std::random_device()());
  const uint64_t rounds = FromEnvironment("EMB_CORRUPTIONS", 300);
  std::mt19937_64 chance(seed);
  uint64_t told = 0;
  uint64_t harmless = 0;
  uint64_t torn = 0;
  for (uint64_t round = 0; round < rounds; ++round) {
    const std::string path = Copy();
    const std::vector<fs::path> files = FilesOf(path);
    const fs::path& file = files[chance() % files.size()];
    const std::string before = ReadFile(file);
    const std::string after = Damage(before, chance);
    std::ofstream(file, std::ios::binary) << after;
    SCOPED_TRACE(absl::StrCat("EMB_TEST_SEED=", seed, " round ", round, " ",
                              file.string()));
    const auto found = OpenAndDump(path);
    if (!found.ok()) {
      ++told;
      continue;
    }
    ASSERT_TRUE(history_.contains(found->first));
    ASSERT_EQ(found->second, history_[found->first]);
    if (found->first == history_.rbegin()->first) {
      ++harmless;
      continue;
    }
    // Only a log's end may be missing: it looks like a write that was cut off.
    EXPECT_EQ(file.extension(), ".log");
    ++torn;
  }
  // The control: damage is damage.
  EXPECT_GT(told, rounds / 4);
  std::cout << absl::StrCat(
      "EMB_TEST_SEED=", seed, ": ", rounds, " corruptions: ", told, " errors, ",
      harmless, " harmless, ", torn, " logs cut short, 0 wrong rows\n");
}

}  // namespace
}  // namespace emb
