#include "server/store_watch.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/fake_maintenance.h"
#include "tests/testing/status_matchers.h"

namespace emb {
namespace {

using absl::StatusCode;

// What a watch told, in order.
class Told {
 public:
  void Add(const absl::Status& status) {
    const MutexLock lock(mutex_);
    codes_.push_back(status.code());
    changed_.NotifyAll();
  }
  // Once there are so many.
  std::vector<StatusCode> Await(size_t count) {
    MutexLock lock(mutex_);
    while (codes_.size() < count) changed_.Wait(mutex_);
    return codes_;
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  std::vector<StatusCode> codes_ ABSL_GUARDED_BY(mutex_);
};

TEST(StoreWatch, TellsEachChangeOnce) {
  FakeMaintenance store;
  Told told;
  StoreWatch watch({&store, absl::Milliseconds(1),
                    [&](const absl::Status& status) { told.Add(status); }});
  EXPECT_THAT(watch.writable(), IsOk());
  store.Become(absl::ResourceExhaustedError("full"));
  told.Await(1);
  EXPECT_THAT(watch.writable(), StatusIs(StatusCode::kResourceExhausted,
                                         testing::HasSubstr("full")));
  store.Become(absl::OkStatus());
  told.Await(2);
  EXPECT_THAT(watch.writable(), IsOk());
  watch.Stop();
  store.Become(absl::InternalError("unseen"));
  watch.Stop();
  EXPECT_THAT(
      told.Await(2),
      testing::ElementsAre(StatusCode::kResourceExhausted, StatusCode::kOk));
}

TEST(StoreWatch, TakesAStoreWithoutMaintenanceForWritable) {
  const StoreWatch watch({nullptr, absl::Milliseconds(1), nullptr});
  EXPECT_THAT(watch.writable(), IsOk());
}

}  // namespace
}  // namespace emb
