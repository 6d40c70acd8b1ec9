// A folder, with an updater and a table "item" of ten rows.
#ifndef EMB_TESTS_UNIT_SERVER_FOLDER_FIXTURE_H_
#define EMB_TESTS_UNIT_SERVER_FOLDER_FIXTURE_H_

#include <atomic>
#include <cstring>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "core/mutex.h"
#include "gtest/gtest.h"
#include "server/folder.h"
#include "server/row_updater.h"
#include "server/table_loader.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/server/manager_fixture.h"

namespace emb {

class FolderFixture : public ManagerFixture {
 protected:
  void SetUp() override {
    EMB_ASSERT_OK(ImportCounting(ImportSpec("item")));
    updater_ = std::make_unique<RowUpdater>(RowUpdater::Dependencies{
        store_, committer_, reclaimer_, budget_, targets_, Durability::kSync,
        [this] { return now_; },
        [this] {
          if (folder_) folder_->Notice();
        },
        [](const absl::Status& status) { EMB_EXPECT_OK(status); }});
    folder_ = MakeFolder(absl::InfiniteDuration());
  }

  std::unique_ptr<Folder> MakeFolder(absl::Duration interval,
                                     int64_t bytes_per_second = 1 << 30) {
    return std::make_unique<Folder>(Folder::Dependencies{
        store_, registry_, committer_, targets_, interval, bytes_per_second,
        [this] { return now_ + absl::Seconds(seconds_.load()); },
        [this](const std::string& table, const absl::Status& status,
               absl::Duration duration) {
          EMB_EXPECT_OK(status) << table;
          EXPECT_GE(duration, absl::ZeroDuration());
          const MutexLock lock(mutex_);
          folds_.push_back(table);
          folded_.NotifyAll();
        }});
  }

  // The tables that were folded by themselves, once they are so many.
  std::vector<std::string> AwaitFolds(size_t count) {
    MutexLock lock(mutex_);
    while (folds_.size() < count) folded_.Wait(mutex_);
    return folds_;
  }

  // Makes all elements of these rows `value`.
  void Upsert(const std::vector<int64_t>& ids, float value,
              const std::string& table = "item") {
    const std::vector<float> values(ids.size() * 4, value);
    std::promise<absl::Status> done;
    updater_->Submit(
        {"", {{table, ids, AsBytes(values), {}}}},
        [&](const auto& result) { done.set_value(result.status()); });
    EMB_ASSERT_OK(done.get_future().get());
  }

  static float Element(const Snapshot& snapshot, int64_t row) {
    float value = 0;
    std::memcpy(&value, snapshot.tables.at("item")->rows->row(row),
                sizeof value);
    return value;
  }

  TablePtr Current() { return registry_.snapshot()->tables.at("item"); }

  std::shared_ptr<const Snapshot> Reload() {
    auto snapshot = LoadTables(store_, budget_, reclaimer_, {});
    EXPECT_THAT(snapshot, IsOk());
    return *snapshot;
  }

  int64_t NumPatches(Generation generation) {
    int64_t count = 0;
    EMB_EXPECT_OK(store_.ScanPatches(generation, [&](int64_t, auto) {
      ++count;
      return absl::OkStatus();
    }));
    return count;
  }

  FoldTargets targets_;
  // Of the folder's clock, whose thread reads it.
  std::atomic<int64_t> seconds_ = 0;
  Mutex mutex_;
  CondVar folded_;
  std::vector<std::string> folds_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<Folder> folder_;
  std::unique_ptr<RowUpdater> updater_;  // Goes first.
};

}  // namespace emb

#endif  // EMB_TESTS_UNIT_SERVER_FOLDER_FIXTURE_H_
