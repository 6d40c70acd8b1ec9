// Random operations against an oracle, reopening in between.
//
// EMB_TEST_SEED=n repeats a run.
#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/test_tables.h"
#include "tests/unit/storage/table_store_contract.h"

namespace emb {
namespace {

uint64_t TestSeed() {
  uint64_t seed = 0;
  const char* given = std::getenv("EMB_TEST_SEED");
  if (given != nullptr && absl::SimpleAtoi(given, &seed)) return seed;
  return std::random_device()();
}

class TableStoreRandom : public TableStoreContract {
 protected:
  // What the oracle knows of a version.
  struct Version {
    VersionRecord record;
    uint64_t seed = 0;
  };
  using Versions = std::map<std::pair<std::string, int64_t>, Version>;

  int64_t Random(int64_t below) {
    return std::uniform_int_distribution<int64_t>(0, below - 1)(random_);
  }

  std::string RandomName() { return absl::StrCat("t", Random(5)); }

  // Adds one to three new versions in one edit, and publishes most of them.
  void Add() {
    Edit edit;
    std::map<std::string, Version> added;
    for (int64_t i = Random(3); i >= 0; --i) {
      const std::string name = RandomName();
      if (added.count(name) > 0) continue;
      const TestTable table = {.name = name,
                               .version = ++last_version_[name],
                               .num_chunks = Random(6) + 1,
                               .chunk_bytes = 4 << (2 * Random(9)),
                               .seed = random_()};
      added[name] = {Write(table), table.seed};
      edit.add.push_back(added[name].record);
      if (Random(4) > 0) edit.publish.push_back({name, table.version});
    }
    EXPECT_THAT(store_->Commit(edit), IsOkAndHolds(++epoch_));
    for (const auto& [name, version] : added) {
      versions_[{name, version.record.version}] = version;
    }
    for (const VersionKey& key : edit.publish) {
      current_[key.table] = key.version;
    }
  }

  // Some version, REQUIRES: there is one.
  Versions::iterator Pick() {
    return std::next(versions_.begin(),
                     Random(static_cast<int64_t>(versions_.size())));
  }

  void Publish() {
    if (versions_.empty()) return;
    const auto [name, version] = Pick()->first;
    EXPECT_THAT(store_->Commit({{}, {{name, version}}, {}}),
                IsOkAndHolds(++epoch_));
    current_[name] = version;
  }

  // Removes a version; the store refuses if it is current and not the last.
  void Remove() {
    if (versions_.empty()) return;
    const auto picked = Pick();
    const std::string name = picked->first.first;
    const int64_t version = picked->first.second;
    const auto others =
        std::count_if(versions_.begin(), versions_.end(), [&](const auto& v) {
          return v.first.first == name && v.first.second != version;
        });
    const auto current = current_.find(name);
    const bool is_current =
        current != current_.end() && current->second == version;
    const Edit edit = {{}, {}, {{name, version}}};
    if (is_current && others > 0) {
      EXPECT_THAT(store_->Commit(edit),
                  StatusIs(absl::StatusCode::kFailedPrecondition));
      return;
    }
    EXPECT_THAT(store_->Commit(edit), IsOkAndHolds(++epoch_));
    if (is_current) current_.erase(current);
    // Half of the generations are left for the next start to sweep.
    if (Random(2) == 0) {
      EMB_EXPECT_OK(store_->DeleteGeneration(picked->second.record.generation));
    }
    versions_.erase(picked);
  }

  void Abandon() {
    Write({.name = RandomName(),
           .version = 1'000'000,
           .num_chunks = Random(8) + 1,
           .chunk_bytes = 4 << (2 * Random(9))});
  }

  void Step() {
    const int64_t choice = Random(10);
    if (choice < 4) return Add();
    if (choice < 6) return Publish();
    if (choice < 8) return Remove();
    if (choice < 9) return Abandon();
    Reopen();
  }

  void Compare() {
    const Manifest manifest = ReadManifest();
    EXPECT_EQ(manifest.epoch, epoch_);
    ASSERT_EQ(manifest.versions.size(), versions_.size());
    size_t i = 0;
    for (const auto& [key, version] : versions_) {
      const VersionRecord& record = manifest.versions[i++];
      EXPECT_EQ(record.spec.name, key.first);
      EXPECT_EQ(record.version, key.second);
      EXPECT_EQ(record.generation, version.record.generation);
      EMB_EXPECT_OK(CheckTestRows(*store_, record, version.seed));
    }
    ASSERT_EQ(manifest.current.size(), current_.size());
    i = 0;
    for (const auto& [name, version] : current_) {
      EXPECT_EQ(manifest.current[i].table, name);
      EXPECT_EQ(manifest.current[i++].version, version);
    }
  }

  std::mt19937_64 random_;
  uint64_t epoch_ = 0;
  std::map<std::string, int64_t> last_version_;
  Versions versions_;
  std::map<std::string, int64_t> current_;
};

INSTANTIATE_TEST_SUITE_P(Stores, TableStoreRandom,
                         testing::ValuesIn(StoreKinds()), StoreName);

TEST_P(TableStoreRandom, AgreesWithTheOracle) {
  const uint64_t seed = TestSeed();
  std::cout << "EMB_TEST_SEED=" << seed << "\n";
  random_.seed(seed);
  for (int step = 0; step < 60; ++step) {
    SCOPED_TRACE(absl::StrCat("EMB_TEST_SEED=", seed, " step ", step));
    Step();
    if (step % 10 == 9) Reopen();
    if (step % 5 == 4) Compare();
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace emb
