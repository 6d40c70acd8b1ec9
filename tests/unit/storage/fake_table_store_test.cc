// The fake's own knobs; its contract is tested beside the real store's.
#include "tests/testing/fake_table_store.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/test_tables.h"

namespace emb {
namespace {

using ::testing::HasSubstr;

TEST(FakeTableStore, FailsTheNthWriteOnly) {
  for (int64_t n = 1; n <= 4; ++n) {
    FakeTableStore store;
    EMB_ASSERT_OK_AND_ASSIGN(const auto record,
                             WriteTestTable(store, {.num_chunks = 2}));
    EMB_ASSERT_OK_AND_ASSIGN(const Generation id, store.NewGeneration());
    store.FailWrite(n, absl::ResourceExhaustedError("full"));
    for (int64_t i = 1; i <= 5; ++i) {
      const absl::Status status =
          i == 4 ? store.Commit(AddAndPublish(record)).status()
                 : store.WriteChunk(id, 0, TestRows(1, 0, 4));
      EXPECT_EQ(status.code(), i == n ? absl::StatusCode::kResourceExhausted
                                      : absl::StatusCode::kOk)
          << n << ", " << i;
    }
    EMB_ASSERT_OK_AND_ASSIGN(const Manifest manifest, store.ReadManifest());
    EXPECT_EQ(manifest.versions.size(), n == 4 ? 0 : 1);
  }
}

TEST(FakeTableStore, RunsAHookInEveryCommit) {
  FakeTableStore store;
  int calls = 0;
  store.OnCommit([&] {
    ++calls;
    EXPECT_THAT(store.ReadManifest(), IsOk());  // No lock is held.
  });
  EMB_EXPECT_OK(store.Commit({}));
  EMB_EXPECT_OK(store.Commit({}));
  EXPECT_EQ(calls, 2);
}

TEST(FakeTableStore, DamagesAndLosesChunks) {
  FakeTableStore store;
  EMB_ASSERT_OK_AND_ASSIGN(const auto record,
                           WriteTestTable(store, {.num_chunks = 3}));
  EMB_ASSERT_OK(store.Commit(AddAndPublish(record)));
  EMB_EXPECT_OK(CheckTestRows(store, record, 1));
  store.DamageChunk(record.generation, 1);
  EXPECT_THAT(CheckTestRows(store, record, 1),
              StatusIs(absl::StatusCode::kDataLoss,
                       HasSubstr("generation 1 chunk 1: chunk: checksum")));
  store.LoseChunk(record.generation, 1);
  EXPECT_THAT(CheckTestRows(store, record, 1),
              StatusIs(absl::StatusCode::kDataLoss,
                       HasSubstr("generation 1 chunk 1: missing")));
}

}  // namespace
}  // namespace emb
