// Row patches, versions that move and requests that are remembered: what every
// TableStore promises of them.
#include <cstring>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/test_tables.h"
#include "tests/unit/storage/table_store_contract.h"

namespace emb {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

absl::Span<const std::byte> BytesOf(absl::string_view text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

class TableStorePatches : public TableStoreContract {
 protected:
  void SetUp() override {
    TableStoreContract::SetUp();
    record_ = Write({});
    EMB_ASSERT_OK(store_->Commit(AddAndPublish(record_)));
  }

  // An edit that raises the revision and patches these rows, 4 bytes each.
  Edit Patch(const std::vector<int64_t>& rows, absl::string_view bytes) {
    ++record_.revision;
    Edit edit;
    edit.replace = {record_};
    edit.patches = {{record_.generation, rows, BytesOf(bytes)}};
    return edit;
  }

  absl::StatusOr<std::map<int64_t, std::string>> Patches(
      Generation generation) {
    std::map<int64_t, std::string> patches;
    const absl::Status status = store_->ScanPatches(
        generation, [&](int64_t row, absl::Span<const std::byte> bytes) {
          EXPECT_TRUE(patches.empty() || patches.rbegin()->first < row);
          patches[row] = std::string(
              reinterpret_cast<const char*>(bytes.data()), bytes.size());
          return absl::OkStatus();
        });
    if (!status.ok()) return status;
    return patches;
  }

  VersionRecord record_;
};

INSTANTIATE_TEST_SUITE_P(Stores, TableStorePatches,
                         testing::ValuesIn(StoreKinds()), StoreName);

TEST_P(TableStorePatches, KeepsTheNewestOfEachRow) {
  EXPECT_THAT(Patches(record_.generation), IsOkAndHolds(IsEmpty()));
  const std::vector<int64_t> rows = {300, 2};
  EMB_ASSERT_OK(store_->Commit(Patch(rows, "aaaabbbb")));
  const std::vector<int64_t> again = {2, 7, 7};
  EMB_ASSERT_OK(store_->Commit(Patch(again, "ccccddddeeee")));
  for (int i = 0; i < 2; ++i, Reopen()) {
    EXPECT_THAT(Patches(record_.generation),
                IsOkAndHolds(ElementsAre(Pair(2, "cccc"), Pair(7, "eeee"),
                                         Pair(300, "aaaa"))));
    EXPECT_EQ(ReadManifest().versions.at(0).revision, 2);
    EXPECT_EQ(ReadManifest().epoch, 3);
  }
}

TEST_P(TableStorePatches, AreDoneWithTheirEditOrNotAtAll) {
  const std::vector<int64_t> rows = {1};
  Edit edit = Patch(rows, "aaaa");
  edit.publish = {{"nobody", 1}};
  EXPECT_THAT(store_->Commit(edit), StatusIs(absl::StatusCode::kNotFound));
  edit.publish.clear();
  edit.patches[0].generation = record_.generation + 1'000;
  EXPECT_THAT(store_->Commit(edit),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("no version has it")));
  EXPECT_THAT(Patches(record_.generation), IsOkAndHolds(IsEmpty()));
  EXPECT_EQ(ReadManifest().versions.at(0).revision, 0);
}

TEST_P(TableStorePatches, WithoutSyncAreThereAfterReopeningToo) {
  const std::vector<int64_t> rows = {1};
  Edit edit = Patch(rows, "aaaa");
  edit.sync = false;
  EMB_ASSERT_OK(store_->Commit(edit));
  EMB_EXPECT_OK(store_->Sync());
  Reopen();
  EXPECT_THAT(Patches(record_.generation),
              IsOkAndHolds(ElementsAre(Pair(1, "aaaa"))));
}

TEST_P(TableStorePatches, GoWithTheirVersion) {
  const std::vector<int64_t> rows = {1};
  EMB_ASSERT_OK(store_->Commit(Patch(rows, "aaaa")));
  Edit drop;
  drop.remove = {{"users", 1}};
  EMB_ASSERT_OK(store_->Commit(drop));
  EMB_ASSERT_OK(store_->DeleteGeneration(record_.generation));
  EXPECT_THAT(Patches(record_.generation), IsOkAndHolds(IsEmpty()));
}

// What folding does: chunks of the rows as they were at some revision, and
// patches in both places until the version has moved.
TEST_P(TableStorePatches, MoveWithTheirVersion) {
  VersionRecord moved = Write({.seed = 2});
  const Generation old_generation = record_.generation;
  const std::vector<int64_t> rows = {5};
  Edit both = Patch(rows, "bbbb");
  both.patches.push_back({moved.generation, rows, BytesOf("bbbb")});
  EMB_ASSERT_OK(store_->Commit(both));

  moved.revision = moved.folded_revision = record_.revision;
  Edit move;
  move.replace = {moved};
  EMB_ASSERT_OK(store_->Commit(move));
  EMB_ASSERT_OK(store_->DeleteGeneration(old_generation));
  for (int i = 0; i < 2; ++i, Reopen()) {
    EXPECT_EQ(ReadManifest().versions.at(0).generation, moved.generation);
    EXPECT_EQ(ReadManifest().versions.at(0).folded_revision, 1);
    EMB_EXPECT_OK(CheckTestRows(*store_, moved, 2));
    EXPECT_THAT(Patches(moved.generation),
                IsOkAndHolds(ElementsAre(Pair(5, "bbbb"))));
    EXPECT_THAT(Patches(old_generation), IsOkAndHolds(IsEmpty()));
  }
}

TEST_P(TableStorePatches, AMoveThatWasCutOffLeavesTheOldPlace) {
  const VersionRecord half = Write({.seed = 2});
  const std::vector<int64_t> rows = {5};
  Edit both = Patch(rows, "bbbb");
  both.patches.push_back({half.generation, rows, BytesOf("bbbb")});
  EMB_ASSERT_OK(store_->Commit(both));
  Reopen();
  EXPECT_EQ(ReadManifest().versions.at(0).generation, record_.generation);
  EXPECT_THAT(Patches(record_.generation),
              IsOkAndHolds(ElementsAre(Pair(5, "bbbb"))));
  EXPECT_THAT(Patches(half.generation), IsOkAndHolds(IsEmpty()));
}

TEST_P(TableStorePatches, AMoveNeedsAWholeGenerationOfItsOwn) {
  const VersionRecord other = Write({.name = "items"});
  EMB_ASSERT_OK(store_->Commit(AddAndPublish(other)));
  Edit move;
  move.replace = {record_};
  move.replace[0].generation = other.generation;
  EXPECT_THAT(store_->Commit(move),
              StatusIs(absl::StatusCode::kFailedPrecondition));
  EMB_ASSERT_OK_AND_ASSIGN(move.replace[0].generation, store_->NewGeneration());
  EXPECT_THAT(store_->Commit(move),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("has 0 chunks")));
}

TEST_P(TableStorePatches, RemembersTheNewestRequests) {
  AppliedRequest request;
  request.fingerprint[3] = 9;
  request.tables = {{1, 4}, {2, 1}};
  for (const uint64_t number :
       {uint64_t{1}, uint64_t{2}, uint64_t{3}, kAppliedRequestsKept + 2}) {
    request.number = number;
    request.id = absl::StrCat("request ", number);
    Edit edit;
    edit.requests = {request};
    EMB_ASSERT_OK(store_->Commit(edit));
  }
  Reopen();
  EMB_ASSERT_OK_AND_ASSIGN(const auto requests, store_->ReadRequests());
  ASSERT_EQ(requests.size(), 3);  // The last took the place of number 2.
  EXPECT_EQ(requests[0].number, 1);
  EXPECT_EQ(requests[1].number, 3);
  const AppliedRequest& last = requests[2];
  EXPECT_EQ(last.id, request.id);
  EXPECT_EQ(last.fingerprint, request.fingerprint);
  EXPECT_EQ(last.epoch, ReadManifest().epoch);
  ASSERT_EQ(last.tables.size(), 2);
  EXPECT_EQ(last.tables[1].version, 2);
  EXPECT_EQ(last.tables[0].revision, 4);
}

}  // namespace
}  // namespace emb
