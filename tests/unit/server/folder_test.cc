#include "server/folder.h"

#include <future>
#include <string>
#include <utility>
#include <vector>

#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/server/folder_fixture.h"

namespace emb {
namespace {

using absl::StatusCode;

using FolderTest = FolderFixture;

TEST_F(FolderTest, PutsRowsIntoChunks) {
  Upsert({3, 7}, 100);
  const TablePtr before = Current();
  const Digest digest = *CurrentDigest(*before);
  EMB_ASSERT_OK(folder_->Fold("item"));
  const VersionRecord& after = Current()->record;
  EXPECT_NE(after.generation, before->record.generation);
  EXPECT_EQ(after.revision, 1);
  EXPECT_EQ(after.folded_revision, 1);
  EXPECT_EQ(after.digest, digest);
  EXPECT_EQ(Current()->num_patches, 0);
  EXPECT_EQ(NumPatches(after.generation), 0);
  EXPECT_EQ(NumPatches(before->record.generation), 0);
  EXPECT_EQ(store_.num_generations(), 1);
  EXPECT_TRUE(targets_.empty());
  const auto snapshot = Reload();
  EXPECT_EQ(Element(*snapshot, 3), 100);
  EXPECT_EQ(Element(*snapshot, 4), 16);
}

// The fold writes rows of revision 1; the update comes before it is done.
TEST_F(FolderTest, KeepsUpdatesThatComeMeanwhile) {
  Upsert({3}, 100);
  bool first = true;
  store_.OnWriteChunk([&] {
    if (std::exchange(first, false)) Upsert({3, 5}, 200);
  });
  EMB_ASSERT_OK(folder_->Fold("item"));
  EXPECT_FALSE(first);
  EXPECT_EQ(Current()->record.revision, 2);
  EXPECT_EQ(Current()->record.folded_revision, 1);
  EXPECT_EQ(Current()->num_patches, 2);
  EXPECT_EQ(NumPatches(Current()->record.generation), 2);
  for (const auto& snapshot : {registry_.snapshot(), Reload()}) {
    EXPECT_EQ(Element(*snapshot, 3), 200);
    EXPECT_EQ(Element(*snapshot, 5), 200);
  }
  EXPECT_EQ(*CurrentDigest(*Current()),
            *CurrentDigest(*Reload()->tables.at("item")));
}

TEST_F(FolderTest, WhatFailsLeavesTheTableAsItWas) {
  Upsert({3}, 100);
  const TablePtr before = Current();
  for (const int64_t write : {1, 2}) {  // The chunk, then the commit.
    store_.FailWrite(write, absl::ResourceExhaustedError("disk full"));
    EXPECT_THAT(folder_->Fold("item"),
                StatusIs(StatusCode::kResourceExhausted));
    EXPECT_EQ(Current(), before);
    EXPECT_EQ(store_.num_generations(), 1);
    EXPECT_TRUE(targets_.empty());
  }
  Upsert({4}, 100);
  EXPECT_EQ(Element(*Reload(), 4), 100);
}

TEST_F(FolderTest, ATableThatGoesMeanwhileIsGone) {
  Upsert({3}, 100);
  store_.OnWriteChunk([&] { EMB_EXPECT_OK(manager_.Drop("item")); });
  EXPECT_THAT(folder_->Fold("item"), StatusIs(StatusCode::kNotFound));
  EXPECT_EQ(store_.num_generations(), 0);
  EXPECT_TRUE(targets_.empty());
}

TEST_F(FolderTest, FoldsByItselfOnceHalfOfTheRowsWereWritten) {
  folder_ = nullptr;
  folder_ = MakeFolder(absl::ZeroDuration());
  Upsert({1, 2, 3, 4}, 100);  // Of ten.
  EXPECT_EQ(Current()->record.folded_revision, 0);
  Upsert({1}, 200);
  EXPECT_EQ(AwaitFolds(1), std::vector<std::string>{"item"});
  EXPECT_EQ(Current()->record.folded_revision, 2);
}

// "a" is found before "b": that "b" is folded says that "a" was not due.
TEST_F(FolderTest, FoldsATableOnceInAnInterval) {
  for (const char* const name : {"a", "b"}) {
    EMB_ASSERT_OK(ImportCounting(ImportSpec(name)));
  }
  folder_ = nullptr;
  folder_ = MakeFolder(absl::Minutes(10));
  const std::vector<int64_t> half = {1, 2, 3, 4, 5};
  seconds_ = 600;
  Upsert(half, 100, "a");
  EXPECT_EQ(AwaitFolds(1), (std::vector<std::string>{"a"}));
  seconds_ = 1'199;
  Upsert(half, 200, "a");
  Upsert(half, 200, "b");
  EXPECT_EQ(AwaitFolds(2), (std::vector<std::string>{"a", "b"}));
  seconds_ = 1'200;
  folder_->Notice();
  EXPECT_EQ(AwaitFolds(3), (std::vector<std::string>{"a", "b", "a"}));
}

TEST_F(FolderTest, WritesNoFasterThanItsRate) {
  folder_ = nullptr;
  folder_ = MakeFolder(absl::InfiniteDuration(), /*bytes_per_second=*/1'600);
  Upsert({3}, 100);
  const absl::Time start = absl::Now();
  EMB_ASSERT_OK(folder_->Fold("item"));
  // Ten rows of 16 bytes.
  EXPECT_GE(absl::Now() - start, absl::Milliseconds(100));
}

// At this rate it would take minutes.
TEST_F(FolderTest, GivesUpWhenItIsStopped) {
  folder_ = nullptr;
  folder_ = MakeFolder(absl::InfiniteDuration(), /*bytes_per_second=*/1);
  Upsert({3}, 100);
  const TablePtr before = Current();
  absl::Notification writing;
  store_.OnWriteChunk([&] { writing.Notify(); });
  auto fold =
      std::async(std::launch::async, [this] { return folder_->Fold("item"); });
  writing.WaitForNotification();
  folder_->Stop();
  EXPECT_THAT(fold.get(), StatusIs(StatusCode::kCancelled));
  EXPECT_EQ(Current(), before);
  EXPECT_EQ(store_.num_generations(), 1);
}

TEST_F(FolderTest, PatchesAreCountedWhenATableIsLoaded) {
  Upsert({1, 2, 1}, 100);
  EXPECT_EQ(Current()->num_patches, 3);
  EXPECT_EQ(Reload()->tables.at("item")->num_patches, 2);
}

}  // namespace
}  // namespace emb
