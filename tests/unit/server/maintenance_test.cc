#include "server/maintenance.h"

#include <functional>
#include <map>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/folder.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/server/manager_fixture.h"

namespace emb {
namespace {

using absl::StatusCode;
using testing::HasSubstr;

class MaintenanceVerify : public ManagerFixture {
 protected:
  void SetUp() override {
    for (const std::string name : {"item", "user"}) {
      EMB_ASSERT_OK(ImportCounting(ImportSpec(name)));
    }
  }

  // What is wrong with each version, by table: there is one of each.
  std::map<std::string, absl::Status> Verify() {
    std::map<std::string, absl::Status> found;
    const auto verified = maintenance_.Verify({});
    EMB_EXPECT_OK(verified.status());
    for (const VerifiedVersion& version : verified->versions) {
      found[version.record.spec.name] = version.status;
    }
    return found;
  }

  // Once, when the first version is about to be read.
  void WhenItIsRead(const std::function<void()>& what) {
    store_.OnScanChunks([this, what] {
      store_.OnScanChunks(nullptr);
      what();
    });
  }

  Maintenance maintenance_{{store_, registry_, "", nullptr}};
};

TEST_F(MaintenanceVerify, NamesWhatIsDamaged) {
  store_.LoseChunk(registry_.snapshot()->tables.at("user")->record.generation,
                   0);
  const auto found = Verify();
  EXPECT_THAT(found.at("item"), IsOk());
  EXPECT_THAT(found.at("user"),
              StatusIs(StatusCode::kDataLoss, HasSubstr("chunk 0: missing")));
}

// It was called damaged: generation 1 chunk 0: missing.
TEST_F(MaintenanceVerify, LeavesOutWhatIsDroppedMeanwhile) {
  WhenItIsRead([this] { EMB_EXPECT_OK(manager_.Drop("item")); });
  const auto found = Verify();
  EXPECT_EQ(found.count("item"), 0);
  EXPECT_THAT(found.at("user"), IsOk());
}

TEST_F(MaintenanceVerify, FollowsWhatIsFoldedMeanwhile) {
  FoldTargets targets;
  Folder folder({store_, registry_, committer_, targets,
                 absl::InfiniteDuration(), int64_t{1} << 30,
                 [this] { return now_; }, nullptr});
  WhenItIsRead([&] { EMB_EXPECT_OK(folder.Fold("item")); });
  const auto found = Verify();
  EXPECT_THAT(found.at("item"), IsOk());
  EXPECT_THAT(found.at("user"), IsOk());
}

}  // namespace
}  // namespace emb
