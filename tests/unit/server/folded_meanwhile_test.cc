// A version that is folded while it is read from disk.
#include <future>

#include "absl/synchronization/notification.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/version_manager.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/server/folder_fixture.h"

namespace emb {
namespace {

using absl::StatusCode;

// A fold of version 1 that ends while the version, no longer current, is read
// from disk to be published again: at EndFold.
class FoldedMeanwhile : public FolderFixture {
 protected:
  void SetUp() override {
    FolderFixture::SetUp();
    Upsert({3, 7}, 100);
    store_.OnWriteChunk([this] {
      store_.OnWriteChunk(nullptr);
      begun_.Notify();
      ended_.WaitForNotification();
    });
    fold_ = std::async(std::launch::async,
                       [this] { return folder_->Fold("item"); });
    begun_.WaitForNotification();
    EMB_ASSERT_OK(ImportCounting(ImportSpec("item")));
  }

  void TearDown() override { EndFold(); }

  // The first time.
  void EndFold() {
    if (ended_.HasBeenNotified()) return;
    ended_.Notify();
    EMB_EXPECT_OK(fold_.get());
  }

  // The rows are those of version 1, in memory and on disk, and can be updated.
  void CheckRows() {
    EXPECT_TRUE(ended_.HasBeenNotified());
    EXPECT_EQ(Element(*registry_.snapshot(), 3), 100);
    Upsert({5}, 200);
    for (const auto& snapshot : {registry_.snapshot(), Reload()}) {
      EXPECT_EQ(snapshot->tables.at("item")->record.version, 1);
      EXPECT_EQ(Element(*snapshot, 3), 100);
      EXPECT_EQ(Element(*snapshot, 5), 200);
    }
    EXPECT_EQ(Current()->num_patches, 1);
  }

 private:
  absl::Notification begun_;
  absl::Notification ended_;
  std::future<absl::Status> fold_;
};

TEST_F(FoldedMeanwhile, BeforeChunksAreRead) {
  store_.OnScanChunks([this] { EndFold(); });
  EMB_ASSERT_OK(versions_.Rollback("item"));
  CheckRows();
}

// The chunks alone are rows of long ago.
TEST_F(FoldedMeanwhile, BeforePatchesAreRead) {
  store_.OnScanPatches([this] { EndFold(); });
  EMB_ASSERT_OK(versions_.Rollback("item"));
  CheckRows();
}

// Updates were refused: FAILED_PRECONDITION, generation 1 has 0 chunks.
TEST_F(FoldedMeanwhile, BeforeTheVersionIsPublished) {
  VersionManager versions({store_,
                           registry_,
                           committer_,
                           claims_,
                           budget_,
                           reclaimer_,
                           {},
                           SwapPolicy::kLoadFirst,
                           [this] {
                             EndFold();
                             return now_;
                           }});
  EMB_ASSERT_OK(versions.Rollback("item"));
  CheckRows();
}

TEST_F(FoldedMeanwhile, BeforeAPinnedVersionIsKept) {
  store_.OnScanPatches([this] { EndFold(); });
  EMB_ASSERT_OK(versions_.Pin({"item", 1}, true));
  EMB_ASSERT_OK(versions_.Publish({{"item", 1}}));
  CheckRows();
}

// What is read without a claim may go altogether.
TEST_F(FoldedMeanwhile, OrTheTableIsDropped) {
  EndFold();
  store_.OnScanChunks([this] { EMB_EXPECT_OK(manager_.Drop("item")); });
  EXPECT_THAT(versions_.WithRows(*registry_.snapshot(), {"item", 1}),
              StatusIs(StatusCode::kNotFound));
}

}  // namespace
}  // namespace emb
