#include "storage/manifest.h"

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "storage/record_format.h"
#include "tests/testing/status_matchers.h"

namespace emb {
namespace {

using ::testing::HasSubstr;

VersionRecord Record(const std::string& name, int64_t version,
                     Generation generation) {
  VersionRecord record;
  record.spec.name = name;
  record.spec.num_rows = 10;
  record.spec.dim = 4;
  record.version = version;
  record.generation = generation;
  record.chunk_rows = 4;
  return record;
}

using Records = std::map<std::string, std::string>;

// What a store with users v1 and v2 (current) and "users-eu" v1 keeps.
Records GoodRecords() {
  Records records;
  records[std::string(kFormatRecordKey)] = EncodeFormatRecord();
  records[std::string(kCommitRecordKey)] =
      EncodeCommitRecord({.epoch = 9, .next_generation = 65});
  for (const VersionRecord& record :
       {Record("users", 1, 3), Record("users", 2, 4),
        Record("users-eu", 1, 64)}) {
    records[VersionRecordKey(record.spec.name, record.version)] =
        EncodeVersionRecord(record);
  }
  records[CurrentRecordKey("users")] = EncodeCurrentRecord(2);
  return records;
}

absl::StatusOr<Manifest> Read(const Records& records) {
  ManifestReader reader;
  for (const auto& [key, value] : records) {
    const absl::Status status = reader.Add(key, value);
    if (!status.ok()) return status;
  }
  return reader.Finish();
}

TEST(ManifestReader, PutsRecordsTogether) {
  EMB_ASSERT_OK_AND_ASSIGN(const Manifest manifest, Read(GoodRecords()));
  EXPECT_EQ(manifest.epoch, 9);
  ASSERT_EQ(manifest.versions.size(), 3);
  EXPECT_EQ(manifest.versions[1].version, 2);
  EXPECT_EQ(manifest.versions[2].spec.name, "users-eu");
  ASSERT_EQ(manifest.current.size(), 1);
  EXPECT_EQ(manifest.current[0].version, 2);
  EXPECT_THAT(GenerationsOf(manifest), testing::ElementsAre(3, 4, 64));
}

TEST(ManifestReader, RefusesRecordsThatContradictEachOther) {
  const struct {
    absl::string_view name;
    std::function<void(Records&)> change;
    absl::string_view complaint;
  } cases[] = {
      {"no format", [](Records& r) { r.erase(std::string(kFormatRecordKey)); },
       "format or commit record is missing"},
      {"no commit", [](Records& r) { r.erase(std::string(kCommitRecordKey)); },
       "format or commit record is missing"},
      {"nothing", [](Records& r) { r.clear(); }, "is missing"},
      {"current without a record",
       [](Records& r) { r.erase(VersionRecordKey("users", 2)); },
       "table \"users\" v2: is current, but its record is missing"},
      {"wrong key",
       [](Records& r) {
         r[VersionRecordKey("users", 3)] = r[VersionRecordKey("users", 2)];
       },
       "lies under another key"},
      {"unknown key", [](Records& r) { r["x"] = "y"; }, "version record"},
      {"one generation twice",
       [](Records& r) {
         r[VersionRecordKey("users", 3)] =
             EncodeVersionRecord(Record("users", 3, 4));
       },
       "two versions name one generation"},
      {"generation of the future",
       [](Records& r) {
         r[VersionRecordKey("users", 3)] =
             EncodeVersionRecord(Record("users", 3, 65));
       },
       "generation 65, want below 65"},
      {"damaged current",
       [](Records& r) { r[CurrentRecordKey("users")].pop_back(); },
       "current record"},
      {"damaged commit",
       [](Records& r) { r[std::string(kCommitRecordKey)][7] ^= 1; },
       "commit record: checksum"},
  };
  for (const auto& c : cases) {
    Records records = GoodRecords();
    c.change(records);
    EXPECT_THAT(Read(records), StatusIs(absl::StatusCode::kDataLoss,
                                        HasSubstr(std::string(c.complaint))))
        << c.name;
  }
}

TEST(ApplyEdit, KeepsVersionsInOrder) {
  Manifest manifest;
  Generation generation = 1;
  for (const auto& [name, version] :
       {std::pair{"b", 2}, {"a", 1}, {"b", 1}, {"b", 10}, {"ab", 1}}) {
    Edit edit;
    edit.add.push_back(Record(name, version, generation++));
    edit.publish.push_back({name, version});
    EMB_ASSERT_OK_AND_ASSIGN(manifest, ApplyEdit(manifest, edit));
  }
  std::string order;
  for (const VersionRecord& record : manifest.versions) {
    absl::StrAppend(&order, record.spec.name, record.version, " ");
  }
  EXPECT_EQ(order, "a1 ab1 b1 b2 b10 ");
  ASSERT_EQ(manifest.current.size(), 3);
  EXPECT_EQ(manifest.current[1].table, "ab");
  EXPECT_EQ(manifest.current[2].version, 10);
  EXPECT_EQ(manifest.epoch, 5);
  EXPECT_EQ(FindVersion(manifest, {"b", 3}), nullptr);
  EXPECT_EQ(FindVersion(manifest, {"b", 10})->generation, 4);
  EXPECT_EQ(FindCurrentVersion(manifest, "c"), nullptr);
}

TEST(ApplyEdit, RefusesAGenerationInUse) {
  Edit edit;
  edit.add = {Record("a", 1, 7), Record("b", 1, 7)};
  EXPECT_THAT(ApplyEdit({}, edit),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("table \"b\" v1: generation 7 is in use")));
}

TEST(ApplyEdit, RemovesATableWithItsLastVersionInAnyOrder) {
  EMB_ASSERT_OK_AND_ASSIGN(const Manifest manifest, Read(GoodRecords()));
  for (const auto& order :
       {std::vector<VersionKey>{{"users", 1}, {"users", 2}},
        std::vector<VersionKey>{{"users", 2}, {"users", 1}}}) {
    Edit edit;
    edit.remove = order;
    EMB_ASSERT_OK_AND_ASSIGN(const Manifest next, ApplyEdit(manifest, edit));
    EXPECT_TRUE(next.current.empty());
    EXPECT_EQ(next.versions.size(), 1);
  }
}

TEST(EncodeReadableRecord, RefusesWhatCouldNotBeReadAgain) {
  EMB_EXPECT_OK(EncodeReadableRecord(Record("a", 1, 1)));
  EXPECT_THAT(EncodeReadableRecord(Record("a/b", 1, 1)),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("table \"a/b\" v1: version record")));
  EXPECT_THAT(EncodeReadableRecord(Record("a", 0, 1)),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace emb
