#include "server/version_manager.h"

#include <memory>
#include <string>
#include <thread>
#include <vector>

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
using testing::IsEmpty;

class VersionManagerTest : public ManagerFixture {
 protected:
  explicit VersionManagerTest(const Retention& retention = {.versions = 3},
                              SwapPolicy swap = SwapPolicy::kLoadFirst)
      : ManagerFixture({}, retention, swap) {}

  // Version v of the table has 10 + v rows.
  void ImportVersions(const std::string& name, int64_t count) {
    for (int64_t version = 1; version <= count; ++version) {
      EMB_ASSERT_OK(ImportCounting(ImportSpec(name, 10 + version)));
    }
  }

  // Numbers of all versions; the current one negative, for short.
  std::vector<int64_t> Kept(const std::string& name) {
    const auto snapshot = registry_.snapshot();
    std::vector<int64_t> numbers;
    for (const TablePtr& version : snapshot->VersionsOf(name)) {
      const int64_t number = version->record.version;
      numbers.push_back(snapshot->IsCurrent(*version) ? -number : number);
    }
    return numbers;
  }
};

TEST_F(VersionManagerTest, PublishesAnyVersionThatIsKept) {
  ImportVersions("item", 3);
  EXPECT_THAT(Kept("item"), ElementsAre(1, 2, -3));
  EMB_ASSERT_OK(versions_.Publish({{"item", 1}}));
  EXPECT_THAT(Kept("item"), ElementsAre(-1, 2, 3));
  EMB_ASSERT_OK_AND_ASSIGN(const ServedTable* const table,
                           registry_.snapshot()->Find("item", 0));
  EXPECT_EQ(table->rows->num_rows(), 11);
  EMB_ASSERT_OK(versions_.Publish({{"item", 0}}));  // The newest.
  EXPECT_THAT(Kept("item"), ElementsAre(1, 2, -3));
  // What is current stays so, as often as one likes.
  EMB_ASSERT_OK(versions_.Publish({{"item", 3}}));
  EXPECT_THAT(Kept("item"), ElementsAre(1, 2, -3));
}

TEST_F(VersionManagerTest, PublishesSeveralTablesInOneStep) {
  ImportVersions("item", 2);
  ImportVersions("user", 2);
  const uint64_t epoch = registry_.snapshot()->epoch;
  EMB_ASSERT_OK(versions_.Publish({{"item", 1}, {"user", 1}}));
  EXPECT_EQ(registry_.snapshot()->epoch, epoch + 1);
  EXPECT_THAT(Kept("item"), ElementsAre(-1, 2));
  EXPECT_THAT(Kept("user"), ElementsAre(-1, 2));
}

TEST_F(VersionManagerTest, OneBadVersionLeavesAllTablesAsTheyWere) {
  ImportVersions("item", 2);
  ImportVersions("user", 2);
  const auto before = registry_.snapshot();
  EXPECT_THAT(versions_.Publish({{"item", 1}, {"user", 7}}),
              StatusIs(StatusCode::kNotFound, HasSubstr("version 7")));
  store_.DamageChunk(before->VersionsOf("user")[0]->record.generation, 0);
  EXPECT_THAT(versions_.Publish({{"item", 1}, {"user", 1}}),
              StatusIs(StatusCode::kDataLoss, HasSubstr("\"user\" v1")));
  store_.FailWrite(1, absl::InternalError("I/O error"));
  EXPECT_THAT(versions_.Publish({{"item", 1}}),
              StatusIs(StatusCode::kInternal));
  EXPECT_EQ(registry_.snapshot(), before);
}

TEST_F(VersionManagerTest, RefusesWhatMakesNoSense) {
  ImportVersions("item", 1);
  EXPECT_THAT(versions_.Publish({}), StatusIs(StatusCode::kInvalidArgument));
  EXPECT_THAT(versions_.Publish({{"item", 1}, {"item", 1}}),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("twice")));
  EXPECT_THAT(versions_.Publish({{"nobody", 1}}),
              StatusIs(StatusCode::kNotFound, HasSubstr("\"nobody\"")));
  EMB_ASSERT_OK_AND_ASSIGN(const auto running,
                           manager_.StartImport({ImportSpec("item")}));
  EXPECT_THAT(versions_.Publish({{"item", 1}}), StatusIs(StatusCode::kAborted));
}

TEST_F(VersionManagerTest, RollsBackStepByStep) {
  ImportVersions("item", 3);
  EMB_ASSERT_OK(versions_.Rollback("item"));
  EXPECT_THAT(Kept("item"), ElementsAre(1, -2, 3));
  EMB_ASSERT_OK(versions_.Rollback("item"));
  EXPECT_THAT(Kept("item"), ElementsAre(-1, 2, 3));
  EXPECT_THAT(versions_.Rollback("item"),
              StatusIs(StatusCode::kFailedPrecondition,
                       HasSubstr("no version before 1 is kept")));
  EXPECT_THAT(versions_.Rollback("nobody"), StatusIs(StatusCode::kNotFound));
}

TEST_F(VersionManagerTest, AnImportNeedNotBePublished) {
  EMB_ASSERT_OK(ImportCounting(ImportSpec("item"), /*publish=*/false));
  EXPECT_THAT(registry_.snapshot()->Find("item", 0),
              StatusIs(StatusCode::kFailedPrecondition,
                       HasSubstr("no version is published")));
  EXPECT_THAT(manager_.Create(ImportSpec("item"), [] { return false; }),
              StatusIs(StatusCode::kAlreadyExists));
  EMB_ASSERT_OK(versions_.Publish({{"item", 1}}));
  EMB_ASSERT_OK(ImportCounting(ImportSpec("item", 20), /*publish=*/false));
  EXPECT_THAT(Kept("item"), ElementsAre(-1, 2));
  // Its number is not given out again.
  EMB_ASSERT_OK(ImportCounting(ImportSpec("item", 30)));
  EXPECT_THAT(Kept("item"), ElementsAre(1, 2, -3));
}

TEST_F(VersionManagerTest, AVersionIsInMemoryWhileItIsCurrentOrPinned) {
  ImportVersions("item", 2);
  EXPECT_THAT(registry_.snapshot()->Find("item", 1),
              StatusIs(StatusCode::kFailedPrecondition, HasSubstr("pin it")));
  EMB_ASSERT_OK(versions_.Pin({"item", 1}, true));
  EMB_ASSERT_OK_AND_ASSIGN(const ServedTable* const table,
                           registry_.snapshot()->Find("item", 1));
  EXPECT_EQ(table->rows->num_rows(), 11);
  EMB_ASSERT_OK(versions_.Pin({"item", 1}, true));  // Again: as it is.
  EMB_ASSERT_OK(versions_.Pin({"item", 1}, false));
  EXPECT_THAT(registry_.snapshot()->Find("item", 1),
              StatusIs(StatusCode::kFailedPrecondition));
}

// The memory of a version goes with its last reader.
TEST_F(VersionManagerTest, HoldsNoMemoryOfVersionsOnDisk) {
  ImportVersions("item", 1);
  const int64_t one = budget_.used_bytes();
  ImportVersions("item", 2);
  EMB_ASSERT_OK(versions_.Rollback("item"));
  {
    // The reclaimer frees in order: once a later table is gone, so are these.
    EMB_ASSERT_OK(ImportCounting(ImportSpec("last")));
    EMB_ASSERT_OK(manager_.Drop("last"));
  }
  while (budget_.used_bytes() > one) std::this_thread::yield();
}

TEST_F(VersionManagerTest, ARestartFindsEverythingAsItWas) {
  ImportVersions("item", 3);
  EMB_ASSERT_OK(versions_.Pin({"item", 1}, true));
  EMB_ASSERT_OK(versions_.Publish({{"item", 2}}));
  EMB_ASSERT_OK(ImportCounting(ImportSpec("hidden"), /*publish=*/false));
  EMB_ASSERT_OK_AND_ASSIGN(
      const auto snapshot,
      LoadTables(store_, budget_, reclaimer_, LoadOptions()));
  registry_.Replace(*snapshot);
  EXPECT_THAT(Kept("item"), ElementsAre(1, -2, 3));
  EMB_EXPECT_OK(snapshot->Find("item", 1));
  EMB_EXPECT_OK(snapshot->Find("item", 2));
  EXPECT_THAT(snapshot->Find("item", 3),
              StatusIs(StatusCode::kFailedPrecondition));
  EXPECT_THAT(Kept("hidden"), ElementsAre(1));
  EXPECT_THAT(snapshot->Names(), ElementsAre("hidden", "item"));
}

TEST_F(VersionManagerTest, DropTakesAllVersions) {
  ImportVersions("item", 3);
  EMB_ASSERT_OK(versions_.Pin({"item", 1}, true));
  EMB_ASSERT_OK(manager_.Drop("item"));
  EXPECT_THAT(Kept("item"), IsEmpty());
  EXPECT_EQ(store_.num_generations(), 0);
}

class ShortRetention : public VersionManagerTest {
 protected:
  ShortRetention()
      : VersionManagerTest({.versions = 2, .age = absl::Hours(1)}) {}
};

TEST_F(ShortRetention, CountsVersionsAndTime) {
  ImportVersions("item", 4);
  EXPECT_THAT(Kept("item"), ElementsAre(1, 2, 3, -4));  // All are young.
  now_ += absl::Hours(2);
  EMB_ASSERT_OK(versions_.Pin({"item", 1}, true));
  EXPECT_THAT(Kept("item"), ElementsAre(1, 3, -4));
  EMB_ASSERT_OK(versions_.Publish({{"item", 3}}));
  EMB_ASSERT_OK(ImportCounting(ImportSpec("item"), /*publish=*/false));
  EXPECT_THAT(Kept("item"), ElementsAre(1, -3, 4, 5));
  EMB_ASSERT_OK(versions_.Pin({"item", 1}, false));
  EXPECT_THAT(Kept("item"), ElementsAre(-3, 4, 5));
  EXPECT_EQ(store_.num_generations(), 3);
}

// Memory for one version of a large table, but not for two.
class UnloadFirst : public VersionManagerTest {
 protected:
  UnloadFirst() : VersionManagerTest({}, SwapPolicy::kUnloadFirst) {
    large_.num_rows = 2'500'000;  // 40 of 64 MiB.
  }

  // As the service does.
  absl::Status ImportAndPublish() {
    const auto made = ImportCounting(large_);
    if (!made.ok() || (*made)->rows != nullptr) return made.status();
    return versions_.Publish({{"large", 0}}).status();
  }

  TableSpec large_ = ImportSpec("large");
};

TEST_F(UnloadFirst, SwapsWhereTwoVersionsDoNotFit) {
  EMB_ASSERT_OK(ImportAndPublish());
  EXPECT_THAT(Kept("large"), ElementsAre(-1));
  EMB_ASSERT_OK(ImportAndPublish());
  EXPECT_THAT(Kept("large"), ElementsAre(1, -2));
  EMB_EXPECT_OK(registry_.snapshot()->Find("large", 0));
  EMB_ASSERT_OK(versions_.Rollback("large"));
  EXPECT_THAT(Kept("large"), ElementsAre(-1, 2));
  EMB_EXPECT_OK(registry_.snapshot()->Find("large", 0));
}

TEST_F(UnloadFirst, LookupsAreToldMeanwhile) {
  EMB_ASSERT_OK(ImportAndPublish());
  EMB_ASSERT_OK(ImportCounting(large_));
  int commits = 0;
  store_.OnCommit([&] {
    // The first says that the table is being swapped, the second that it was.
    if (++commits != 2) return;
    EXPECT_THAT(registry_.snapshot()->Find("large", 0),
                StatusIs(StatusCode::kUnavailable,
                         HasSubstr("another version takes the place of 1")));
  });
  EMB_ASSERT_OK(versions_.Publish({{"large", 2}}));
  EXPECT_EQ(commits, 2);
}

TEST_F(UnloadFirst, ABadVersionLeavesTheOldOneServing) {
  EMB_ASSERT_OK(ImportAndPublish());
  EMB_ASSERT_OK_AND_ASSIGN(const TablePtr second, ImportCounting(large_));
  store_.DamageChunk(second->record.generation, 3);
  EXPECT_THAT(versions_.Publish({{"large", 2}}),
              StatusIs(StatusCode::kDataLoss));
  EXPECT_THAT(Kept("large"), ElementsAre(-1, 2));
  EMB_EXPECT_OK(registry_.snapshot()->Find("large", 0));
}

}  // namespace
}  // namespace emb
