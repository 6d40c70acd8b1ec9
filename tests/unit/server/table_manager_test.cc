#include "server/table_manager.h"

#include <atomic>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "core/gather.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/make_table.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/server/manager_fixture.h"

namespace emb {
namespace {

using absl::StatusCode;
using testing::HasSubstr;

bool Never() { return false; }

class TableManagerTest : public ManagerFixture {
 protected:
  explicit TableManagerTest(const Limits& limits = {})
      : ManagerFixture(limits) {}

  static TableSpec Spec(const std::string& name, int64_t num_rows = 10) {
    TableSpec spec = ImportSpec(name, num_rows);
    spec.initializer = Initializer{};
    return spec;
  }

  // Nothing is served, stored or held.
  void ExpectNothing() {
    EXPECT_TRUE(registry_.snapshot()->tables.empty());
    EXPECT_EQ(store_.num_generations(), 0);
    EMB_ASSERT_OK_AND_ASSIGN(const Manifest manifest, store_.ReadManifest());
    EXPECT_TRUE(manifest.versions.empty());
  }
};

TEST_F(TableManagerTest, CreateIsDurableBeforeItIsVisible) {
  bool visible_at_commit = true;
  store_.OnCommit([&] {
    visible_at_commit = registry_.snapshot()->tables.contains("item");
  });
  EMB_ASSERT_OK_AND_ASSIGN(const auto table,
                           manager_.Create(Spec("item"), Never));
  EXPECT_FALSE(visible_at_commit);
  EXPECT_EQ(table->record.version, 1);
  EXPECT_EQ(table->record.created_at, absl::FromUnixSeconds(1'700'000'000));
  const auto snapshot = registry_.snapshot();
  EXPECT_EQ(snapshot->epoch, 1U);
  EMB_EXPECT_OK(snapshot->Find("item", 1));
  EMB_ASSERT_OK_AND_ASSIGN(const Manifest manifest, store_.ReadManifest());
  ASSERT_EQ(manifest.current.size(), 1U);
  EXPECT_EQ(manifest.versions[0].digest, table->record.digest);
}

TEST_F(TableManagerTest, CreateRefusesAnExistingName) {
  EMB_ASSERT_OK(manager_.Create(Spec("item"), Never));
  EXPECT_THAT(manager_.Create(Spec("item"), Never),
              StatusIs(StatusCode::kAlreadyExists, HasSubstr("\"item\"")));
}

TEST_F(TableManagerTest, CreateRefusesAWrongSpec) {
  EXPECT_THAT(manager_.Create(Spec("no good"), Never),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("name")));
  EXPECT_THAT(manager_.Create(Spec("item", 0), Never),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("num_rows")));
  EXPECT_THAT(manager_.Create(Spec("item", int64_t{1} << 30), Never),
              StatusIs(StatusCode::kResourceExhausted, HasSubstr("memory")));
  ExpectNothing();
}

TEST_F(TableManagerTest, OfManyCreatesOfOneNameOneWins) {
  constexpr int kThreads = 4;
  for (int round = 0; round < 20; ++round) {
    const std::string name = absl::StrCat("item", round);
    std::atomic<int> won{0};
    std::atomic<int> refused{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&] {
        const auto table = manager_.Create(Spec(name), Never);
        if (table.ok()) ++won;
        if (absl::IsAlreadyExists(table.status())) ++refused;
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(won, 1);
    EXPECT_EQ(refused, kThreads - 1);
  }
}

TEST_F(TableManagerTest, AFailedWriteLeavesNothing) {
  // The table has 2 chunks: the writes are chunk, chunk, commit.
  for (int n = 1; n <= 3; ++n) {
    SCOPED_TRACE(n);
    store_.FailWrite(n, absl::ResourceExhaustedError("disk full"));
    EXPECT_THAT(manager_.Create(Spec("item", 20'000), Never),
                StatusIs(StatusCode::kResourceExhausted, HasSubstr("disk")));
    ExpectNothing();
  }
  // And the name is free again.
  EMB_EXPECT_OK(manager_.Create(Spec("item", 20'000), Never));
}

TEST_F(TableManagerTest, ACancelledCreateLeavesNothing) {
  EXPECT_THAT(manager_.Create(Spec("item"), [] { return true; }),
              StatusIs(StatusCode::kCancelled));
  ExpectNothing();
}

TEST_F(TableManagerTest, ImportMakesTheNextVersion) {
  EMB_ASSERT_OK(manager_.Create(Spec("item"), Never));
  EMB_ASSERT_OK_AND_ASSIGN(const auto table,
                           ImportCounting(ImportSpec("item", 25)));
  EXPECT_EQ(table->record.version, 2);
  EXPECT_EQ(table->record.spec.num_rows, 25);
  const auto snapshot = registry_.snapshot();
  EMB_EXPECT_OK(snapshot->Find("item", 2));
  EXPECT_THAT(snapshot->Find("item", 1),
              StatusIs(StatusCode::kFailedPrecondition, HasSubstr("on disk")));
  EXPECT_EQ(store_.num_generations(), 2);
  EMB_ASSERT_OK(ImportCounting(ImportSpec("item")));
  EXPECT_EQ(store_.num_generations(), 2);  // The oldest rows are gone.
}

TEST_F(TableManagerTest, ImportRefusesAnotherDim) {
  EMB_ASSERT_OK(manager_.Create(Spec("item"), Never));
  TableSpec spec = ImportSpec("item");
  spec.dim = 5;
  EXPECT_THAT(
      manager_.StartImport({spec}),
      StatusIs(StatusCode::kFailedPrecondition, HasSubstr("dim: 5, want 4")));
  EMB_EXPECT_OK(registry_.snapshot()->Find("item", 1));
}

// The rows are new, the table is not: its padding row stays zero.
TEST_F(TableManagerTest, ImportKeepsThePaddingRow) {
  TableSpec spec = Spec("item");
  spec.padding_idx = 6;
  EMB_ASSERT_OK(manager_.Create(spec, Never));
  EMB_ASSERT_OK_AND_ASSIGN(const auto table,
                           ImportCounting(ImportSpec("item")));
  EXPECT_EQ(table->record.spec.padding_idx, 6);
  EXPECT_EQ(*reinterpret_cast<const float*>(table->rows->row(6)), 0);
}

TEST_F(TableManagerTest, ImportOfTooFewRowsForThePaddingRowIsRefused) {
  TableSpec spec = Spec("item");
  spec.padding_idx = 6;
  EMB_ASSERT_OK(manager_.Create(spec, Never));
  EXPECT_THAT(manager_.StartImport({ImportSpec("item", 6)}),
              StatusIs(StatusCode::kFailedPrecondition,
                       HasSubstr("padding_idx: 6, want [-6, 6); table \"item\" "
                                 "has it")));
  EMB_EXPECT_OK(manager_.StartImport(
      {.spec = ImportSpec("item", 6), .no_padding_idx = true}));
}

TEST_F(TableManagerTest, AnImportGivenUpHalfWayLeavesNothing) {
  {
    EMB_ASSERT_OK_AND_ASSIGN(
        const auto running, manager_.StartImport({ImportSpec("item", 50'000)}));
    EMB_ASSERT_OK(running->Append(std::vector<std::byte>(400'000)));
    EXPECT_EQ(store_.num_generations(), 1);
  }
  ExpectNothing();
  EMB_EXPECT_OK(ImportCounting(ImportSpec("item")));
}

TEST_F(TableManagerTest, AShortImportIsRefused) {
  {
    EMB_ASSERT_OK_AND_ASSIGN(const auto running,
                             manager_.StartImport({ImportSpec("item")}));
    EMB_ASSERT_OK(running->Append(std::vector<std::byte>(159)));
    EXPECT_THAT(running->Finish(), StatusIs(StatusCode::kInvalidArgument,
                                            HasSubstr("159 bytes, want 160")));
  }
  ExpectNothing();
}

TEST_F(TableManagerTest, OneChangeOfATableAtATime) {
  EMB_ASSERT_OK(manager_.Create(Spec("item"), Never));
  EMB_ASSERT_OK_AND_ASSIGN(auto running,
                           manager_.StartImport({ImportSpec("item")}));
  EXPECT_THAT(manager_.StartImport({ImportSpec("item")}),
              StatusIs(StatusCode::kAborted, HasSubstr("in progress")));
  EXPECT_THAT(manager_.Drop("item"), StatusIs(StatusCode::kAborted));
  EXPECT_THAT(manager_.Create(Spec("item"), Never),
              StatusIs(StatusCode::kAlreadyExists));
  running.reset();
  EMB_EXPECT_OK(manager_.Drop("item"));
}

TEST_F(TableManagerTest, DropKeepsReadersAndForgetsTheRest) {
  EMB_ASSERT_OK(manager_.Create(Spec("item"), Never));
  const auto reader = registry_.snapshot();
  EMB_ASSERT_OK(manager_.Drop("item"));
  EXPECT_THAT(registry_.snapshot()->Find("item", 0),
              StatusIs(StatusCode::kNotFound));
  EMB_EXPECT_OK(reader->Find("item", 0));
  EXPECT_EQ(store_.num_generations(), 0);
  EXPECT_THAT(manager_.Drop("item"),
              StatusIs(StatusCode::kNotFound, HasSubstr("\"item\"")));
}

TEST_F(TableManagerTest, AFailedDropChangesNothing) {
  EMB_ASSERT_OK(manager_.Create(Spec("item"), Never));
  store_.FailWrite(1, absl::InternalError("I/O error"));
  EXPECT_THAT(manager_.Drop("item"), StatusIs(StatusCode::kInternal));
  EMB_EXPECT_OK(registry_.snapshot()->Find("item", 1));
  EXPECT_EQ(store_.num_generations(), 1);
}

class FewTables : public TableManagerTest {
 protected:
  FewTables() : TableManagerTest({.tables_max = 2, .dim_max = 8}) {}
};

TEST_F(FewTables, TheNumberOfTablesIsLimited) {
  EMB_ASSERT_OK(manager_.Create(Spec("a"), Never));
  EMB_ASSERT_OK(manager_.Create(Spec("b"), Never));
  EXPECT_THAT(manager_.Create(Spec("c"), Never),
              StatusIs(StatusCode::kResourceExhausted,
                       HasSubstr("at most 2 (--tables_max)")));
  EXPECT_THAT(manager_.StartImport({ImportSpec("c")}),
              StatusIs(StatusCode::kResourceExhausted));
  // The next version of a table is no new table.
  EMB_EXPECT_OK(ImportCounting(ImportSpec("b")));
}

TEST_F(FewTables, TheDimIsLimited) {
  TableSpec spec = Spec("a");
  spec.dim = 9;
  EXPECT_THAT(manager_.Create(spec, Never),
              StatusIs(StatusCode::kInvalidArgument,
                       HasSubstr("dim: 9, want at most 8 (--dim_max)")));
  spec.dim = 8;
  EMB_EXPECT_OK(manager_.Create(spec, Never));
}

// A table that is filled by several threads is the one that one would fill.
TEST_F(TableManagerTest, ThreadsDoNotShowInATable) {
  TableManager many({store_, registry_, committer_, claims_, budget_,
                     reclaimer_, Limits{}, Retention{}, SwapPolicy::kLoadFirst,
                     [] { return absl::Now(); }, /*fill_threads=*/3});
  EMB_ASSERT_OK_AND_ASSIGN(const auto alone,
                           manager_.Create(Spec("alone", 300'000), Never));
  EMB_ASSERT_OK_AND_ASSIGN(const auto together,
                           many.Create(Spec("together", 300'000), Never));
  EXPECT_EQ(alone->record.digest, together->record.digest);
}

// An orthogonal matrix needs five times its size while it is made.
TEST_F(TableManagerTest, WhatAFillNeedsBesideTheTableCountsToo) {
  TableSpec spec = Spec("item", 1'000'000);
  spec.initializer = ParseInitializer("orthogonal", {}).value();
  EXPECT_THAT(manager_.Create(spec, Never),
              StatusIs(StatusCode::kResourceExhausted));
  EXPECT_EQ(budget_.used_bytes(), 0);
  ExpectNothing();
  spec.num_rows = 10'000;
  EMB_EXPECT_OK(manager_.Create(spec, Never));
}

// Lookups go on while tables come and go; each sees a whole table.
TEST_F(TableManagerTest, ReadersAreUndisturbedByChanges) {
  std::atomic<bool> done{false};
  std::atomic<int64_t> wrong{0};
  std::thread reader([&] {
    while (!done) {
      const auto snapshot = registry_.snapshot();
      const auto table = snapshot->Find("item", 0);
      if (!table.ok()) continue;
      const int64_t last = (*table)->record.spec.num_rows - 1;
      std::vector<float> row(4);
      GatherRows(*(*table)->rows, {last}, AbsentIds(last + 1), RowsAs::kStored,
                 AsWritableBytes(absl::MakeSpan(row)));
      if (row[3] != CountingValue(last, 3, 4)) ++wrong;
    }
  });
  for (int i = 0; i < 50; ++i) {
    EMB_ASSERT_OK(ImportCounting(ImportSpec("item", 100 + i)));
    if (i % 5 == 4) {
      EMB_ASSERT_OK(manager_.Drop("item"));
    }
  }
  done = true;
  reader.join();
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace emb
