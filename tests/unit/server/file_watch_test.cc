#include "server/file_watch.h"

#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace emb {
namespace {

using absl::StatusCode;
using testing::ElementsAre;

// What was reported, for a thread that waits.
class Reports {
 public:
  void Add(const absl::Status& status) {
    const MutexLock lock(mutex_);
    codes_.push_back(status.code());
    changed_.NotifyAll();
  }
  // The first `count`, as soon as there are so many; fewer after a minute.
  std::vector<StatusCode> First(size_t count) {
    const MutexLock lock(mutex_);
    for (int i = 0; i < 60 && codes_.size() < count; ++i) {
      changed_.WaitFor(mutex_, 1);
    }
    return codes_;
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  std::vector<StatusCode> codes_ ABSL_GUARDED_BY(mutex_);
};

class FileWatchTest : public testing::Test {
 protected:
  void Write(const std::string& content) {
    std::ofstream(dir_ / "new") << content;
    ASSERT_EQ(std::rename((dir_ / "new").c_str(), path_.c_str()), 0);
  }
  std::string Read() const {
    std::string content;
    std::getline(std::ifstream(path_), content);
    return content;
  }
  // Files that begin with "good" are.
  FileWatch::Options Options() {
    return {{path_},
            FileWatch::StateOf({path_}),
            absl::Milliseconds(1),
            [this]() -> absl::Status {
              const MutexLock lock(mutex_);
              ++reloads_;
              changed_.NotifyAll();
              if (Read().rfind("good", 0) == 0) return absl::OkStatus();
              return absl::InvalidArgumentError(Read());
            },
            [this](const absl::Status& status) { reports_.Add(status); }};
  }
  void AwaitReloads(int more) {
    const MutexLock lock(mutex_);
    const int want = reloads_ + more;
    for (int i = 0; i < 60 && reloads_ < want; ++i) {
      changed_.WaitFor(mutex_, 1);
    }
    EXPECT_GE(reloads_, want);
  }
  int reloads() {
    const MutexLock lock(mutex_);
    return reloads_;
  }

  const TempDir dir_;
  const std::string path_ = dir_ / "file";
  Reports reports_;
  Mutex mutex_;
  CondVar changed_;
  int reloads_ ABSL_GUARDED_BY(mutex_) = 0;
};

TEST_F(FileWatchTest, ReloadsWhatHasChangedAndTellsOnce) {
  Write("good");
  const FileWatch watch(Options());
  Write("better");
  EXPECT_THAT(reports_.First(1), ElementsAre(StatusCode::kInvalidArgument));
  // It is tried again, and not told again.
  AwaitReloads(3);
  Write("good again");
  EXPECT_THAT(reports_.First(2),
              ElementsAre(StatusCode::kInvalidArgument, StatusCode::kOk));
  ASSERT_EQ(std::remove(path_.c_str()), 0);
  EXPECT_THAT(reports_.First(3),
              ElementsAre(StatusCode::kInvalidArgument, StatusCode::kOk,
                          StatusCode::kInvalidArgument));
}

TEST_F(FileWatchTest, SeesAChangeBetweenLoadingAndWatching) {
  Write("good");
  const FileWatch::Options options = Options();
  Write("good, and new");
  const FileWatch watch(options);
  EXPECT_THAT(reports_.First(1), ElementsAre(StatusCode::kOk));
  EXPECT_EQ(reloads(), 1);
}

TEST(FileWatchState, TellsFilesApart) {
  const TempDir dir;
  const std::string path = dir / "file";
  const std::string none = FileWatch::StateOf({path});
  std::ofstream(path) << "a";
  const std::string one = FileWatch::StateOf({path});
  EXPECT_NE(one, none);
  EXPECT_EQ(FileWatch::StateOf({path}), one);
  // Another file of the same content in its place.
  std::ofstream(dir / "other") << "a";
  ASSERT_EQ(std::rename((dir / "other").c_str(), path.c_str()), 0);
  EXPECT_NE(FileWatch::StateOf({path}), one);
}

}  // namespace
}  // namespace emb
