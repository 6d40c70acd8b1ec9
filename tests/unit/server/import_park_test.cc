#include "server/import_park.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/finished_uploads.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/server/manager_fixture.h"

namespace emb {
namespace {

using absl::StatusCode;
using testing::HasSubstr;

class ImportParkTest : public ManagerFixture {
 protected:
  // An upload of so many rows whose call ended too early.
  void Leave(const std::string& id, const std::string& table,
             int64_t num_rows = 10) {
    EMB_ASSERT_OK_AND_ASSIGN(auto upload, park_.Begin(id, "header", [] {}));
    EMB_ASSERT_OK_AND_ASSIGN(
        upload->import, manager_.StartImport({ImportSpec(table, num_rows)}));
    EMB_ASSERT_OK(upload->import->Append(AsBytes(CountingValues(1, 4))));
    park_.Park(id, std::move(upload));
  }

  WorkerPool workers_{1};
  ImportPark park_{workers_, budget_, absl::Hours(1)};
};

TEST_F(ImportParkTest, KeepsWhatCame) {
  Leave("a", "item");
  EMB_ASSERT_OK_AND_ASSIGN(const UploadProgress kept, park_.Find("a"));
  EXPECT_EQ(kept.offset, 16);
  EXPECT_FALSE(kept.done.has_value());
  EMB_ASSERT_OK_AND_ASSIGN(auto upload, park_.Begin("a", "header", [] {}));
  ASSERT_NE(upload->import, nullptr);
  EXPECT_EQ(upload->import->offset(), 16);
  upload.reset();
  park_.End("a");
  EXPECT_THAT(park_.Find("a"), StatusIs(StatusCode::kNotFound));
}

TEST_F(ImportParkTest, AnotherHeaderIsRefused) {
  Leave("a", "item");
  EXPECT_THAT(park_.Begin("a", "other", [] {}),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("\"a\"")));
  EMB_EXPECT_OK(park_.Find("a"));
}

TEST_F(ImportParkTest, ACallThatHasItIsEnded) {
  int ended = 0;
  EMB_ASSERT_OK(park_.Begin("a", "header", [&] { ++ended; }));
  EXPECT_THAT(park_.Begin("a", "other", [] {}),
              StatusIs(StatusCode::kInvalidArgument));
  EXPECT_EQ(ended, 0);
  EXPECT_THAT(park_.Begin("a", "header", [] {}),
              StatusIs(StatusCode::kUnavailable));
  EXPECT_THAT(park_.Find("a"), StatusIs(StatusCode::kUnavailable));
  EXPECT_THAT(park_.Drop("a"), StatusIs(StatusCode::kUnavailable));
  EXPECT_EQ(ended, 3);
  park_.End("a");
  EXPECT_THAT(park_.Find("a"), StatusIs(StatusCode::kNotFound));
  EXPECT_EQ(ended, 3);
}

TEST_F(ImportParkTest, RemembersWhatCameOfIt) {
  EMB_ASSERT_OK(park_.Begin("a", "header", [] {}));
  embedding::v1::TableInfo table;
  table.set_version(7);
  park_.Finish("a", "header", table);
  EMB_ASSERT_OK_AND_ASSIGN(const UploadProgress found, park_.Find("a"));
  EXPECT_EQ(found.done->version(), 7U);
  EXPECT_THAT(park_.Begin("a", "other", [] {}),
              StatusIs(StatusCode::kInvalidArgument));
  EMB_ASSERT_OK_AND_ASSIGN(const auto again, park_.Begin("a", "header", [] {}));
  EXPECT_EQ(again->done->version(), 7U);
  EXPECT_THAT(park_.Drop("a"), StatusIs(StatusCode::kNotFound));
}

TEST_F(ImportParkTest, WhoWantsTheTableGetsIt) {
  Leave("a", "item");
  // Not who is refused for another reason.
  TableSpec wrong = ImportSpec("item");
  wrong.dim = 0;
  EXPECT_THAT(manager_.StartImport({wrong}),
              StatusIs(StatusCode::kInvalidArgument));
  EXPECT_THAT(manager_.Drop("item"), StatusIs(StatusCode::kNotFound));
  EXPECT_THAT(versions_.Publish({{"item", 1}}),
              StatusIs(StatusCode::kNotFound));
  EXPECT_THAT(versions_.Rollback("item"), StatusIs(StatusCode::kNotFound));
  EXPECT_THAT(versions_.Pin({"item", 1}, true),
              StatusIs(StatusCode::kNotFound));
  EXPECT_THAT(manager_.StartImport({ImportSpec("item", int64_t{1} << 30)}),
              StatusIs(StatusCode::kResourceExhausted));
  EMB_EXPECT_OK(park_.Find("a"));
  EMB_EXPECT_OK(ImportCounting(ImportSpec("item")));
  EXPECT_THAT(park_.Find("a"), StatusIs(StatusCode::kNotFound));
}

TEST_F(ImportParkTest, WhoWantsTheMemoryGetsIt) {
  // A third of it each.
  const int64_t rows = budget_.limit_bytes() / 3 / 16 - 10'000;
  Leave("a", "item", rows);
  Leave("b", "user", rows);
  // More than there is in all: nobody is sent away for nothing.
  EXPECT_THAT(budget_.Reserve(budget_.limit_bytes() + 1),
              StatusIs(StatusCode::kResourceExhausted));
  EMB_EXPECT_OK(park_.Find("a"));
  // The one that waits longest goes.
  EMB_EXPECT_OK(budget_.Reserve(budget_.limit_bytes() / 2));
  EXPECT_THAT(park_.Find("a"), StatusIs(StatusCode::kNotFound));
  EMB_EXPECT_OK(park_.Find("b"));
  EMB_EXPECT_OK(budget_.Reserve(budget_.limit_bytes()));
  EXPECT_THAT(park_.Find("b"), StatusIs(StatusCode::kNotFound));
  EXPECT_EQ(store_.num_generations(), 0);
}

TEST_F(ImportParkTest, ItsCallerMayGiveItUp) {
  Leave("a", "item");
  EMB_EXPECT_OK(park_.Drop("a"));
  EXPECT_EQ(budget_.used_bytes(), 0);
  EXPECT_EQ(store_.num_generations(), 0);
  EXPECT_THAT(park_.Drop("a"), StatusIs(StatusCode::kNotFound));
}

TEST_F(ImportParkTest, NobodyIsWaitedForForEver) {
  ImportPark park(workers_, budget_, absl::ZeroDuration());
  EMB_ASSERT_OK_AND_ASSIGN(auto upload, park.Begin("a", "header", [] {}));
  EMB_ASSERT_OK_AND_ASSIGN(upload->import,
                           manager_.StartImport({ImportSpec("item")}));
  park.Park("a", std::move(upload));
  const absl::Time give_up = absl::Now() + absl::Minutes(1);
  while (park.Find("a").ok() && absl::Now() < give_up) continue;
  EXPECT_THAT(park.Find("a"), StatusIs(StatusCode::kNotFound));
}

TEST(FinishedUploads, AreForgotten) {
  const absl::Time start = absl::FromUnixSeconds(1'700'000'000);
  FinishedUploads finished(absl::Seconds(60));
  finished.Add("first", "header", {}, start);
  EXPECT_NE(finished.Find("first", start + absl::Seconds(59)), nullptr);
  EXPECT_EQ(finished.Find("first", start + absl::Seconds(60)), nullptr);
  EXPECT_EQ(finished.Find("other", start), nullptr);
  for (size_t i = 0; i < FinishedUploads::kKept; ++i) {
    finished.Add(absl::StrCat(i), "header", {}, start);
  }
  EXPECT_EQ(finished.Find("first", start), nullptr);
  EXPECT_NE(finished.Find("0", start), nullptr);
  // None is kept longer than it must.
  finished.Add("last", "header", {}, start + absl::Seconds(60));
  EXPECT_EQ(finished.Find("0", start), nullptr);
}

}  // namespace
}  // namespace emb
