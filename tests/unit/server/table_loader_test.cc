#include "server/table_loader.h"

#include <cstring>
#include <memory>
#include <string>

#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/table_manager.h"
#include "tests/testing/fake_table_store.h"
#include "tests/testing/status_matchers.h"

namespace emb {
namespace {

using absl::StatusCode;
using testing::HasSubstr;

// A store with two tables of several chunks, made through a manager.
class TableLoaderTest : public testing::Test {
 protected:
  static constexpr int64_t kRows = 200'000;  // 196 chunks: several threads.

  TableLoaderTest() {
    Registry registry;
    Committer committer(store_, registry);
    NameClaims claims;
    TableManager manager({store_, registry, committer, claims, budget_,
                          reclaimer_, Limits{}, Retention{},
                          SwapPolicy::kLoadFirst,
                          [] { return absl::UnixEpoch(); }});
    for (const std::string name : {"item", "user"}) {
      TableSpec spec;
      spec.name = name;
      spec.num_rows = kRows;
      spec.dim = 64;
      spec.padding_idx = 7;
      spec.seed = name.size();
      spec.initializer = Initializer{};
      EXPECT_THAT(manager.Create(spec, [] { return false; }), IsOk());
    }
    before_ = registry.snapshot();
  }

  absl::StatusOr<std::shared_ptr<const Snapshot>> Load(int num_threads) {
    return LoadTables(store_, budget_, reclaimer_,
                      {.num_threads = num_threads,
                       .cancelled = [this] { return cancelled_; },
                       .on_table = {}});
  }

  FakeTableStore store_;
  MemoryBudget budget_{int64_t{1} << 30};
  Reclaimer reclaimer_;
  std::shared_ptr<const Snapshot> before_;
  bool cancelled_ = false;
};

TEST_F(TableLoaderTest, RestoresEveryByte) {
  for (const int num_threads : {1, 3}) {
    EMB_ASSERT_OK_AND_ASSIGN(const auto after, Load(num_threads));
    EXPECT_EQ(after->epoch, before_->epoch);
    EXPECT_EQ(after->tables.size(), 2U);
    for (const auto& [name, table] : before_->tables) {
      EMB_ASSERT_OK_AND_ASSIGN(const ServedTable* const loaded,
                               after->Find(name, 1));
      EXPECT_EQ(loaded->record.digest, table->record.digest);
      for (int64_t row = 0; row < kRows; ++row) {
        ASSERT_EQ(
            std::memcmp(loaded->rows->row(row), table->rows->row(row), 256), 0);
      }
    }
  }
}

TEST_F(TableLoaderTest, ADamagedChunkTakesDownItsTableAlone) {
  store_.DamageChunk(before_->tables.at("item")->record.generation, 5);
  EMB_ASSERT_OK_AND_ASSIGN(const auto after, Load(2));
  EXPECT_THAT(after->Find("item", 0),
              StatusIs(StatusCode::kDataLoss,
                       testing::AllOf(HasSubstr("table \"item\" v1"),
                                      HasSubstr("chunk 5"))));
  EMB_EXPECT_OK(after->Find("user", 0));
}

TEST_F(TableLoaderTest, ALostChunkIsNoticed) {
  store_.LoseChunk(before_->tables.at("user")->record.generation, 195);
  EMB_ASSERT_OK_AND_ASSIGN(const auto after, Load(2));
  EXPECT_THAT(after->Find("user", 0), StatusIs(StatusCode::kDataLoss));
}

TEST_F(TableLoaderTest, RefusesWhatMemoryCannotHold) {
  MemoryBudget small(1 << 20);
  EXPECT_THAT(LoadTables(store_, small, reclaimer_,
                         {.num_threads = 1,
                          .cancelled = [] { return false; },
                          .on_table = {}}),
              StatusIs(StatusCode::kResourceExhausted, HasSubstr("\"item\"")));
}

TEST_F(TableLoaderTest, StopsWhenTold) {
  cancelled_ = true;
  EXPECT_THAT(Load(2), StatusIs(StatusCode::kCancelled));
}

}  // namespace
}  // namespace emb
