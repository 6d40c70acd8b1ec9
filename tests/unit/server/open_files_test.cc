#include "server/open_files.h"

#include <sys/resource.h>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"

namespace emb {
namespace {

using ::testing::HasSubstr;

TEST(ChooseOpenFiles, IsTheHardLimit) {
  const struct {
    OpenFileLimits limits;
    uint64_t want;
  } cases[] = {
      {{1'024, 524'288}, 524'288},
      {{1'024, kOpenFilesMin}, kOpenFilesMin},
      {{kOpenFilesMin, kOpenFilesMin}, kOpenFilesMin},
      {{1'024, RLIM_INFINITY}, RLIM_INFINITY},
      {{RLIM_INFINITY, RLIM_INFINITY}, RLIM_INFINITY},
      {{0, 1 << 20}, 1 << 20},
  };
  for (const auto& c : cases) {
    EXPECT_THAT(ChooseOpenFiles(c.limits), IsOkAndHolds(c.want));
  }
}

TEST(ChooseOpenFiles, RefusesTooFew) {
  for (const OpenFileLimits limits :
       {OpenFileLimits{0, 0}, {256, 256}, {1'024, 4'096}, {8'191, 8'191}}) {
    EXPECT_THAT(ChooseOpenFiles(limits),
                StatusIs(absl::StatusCode::kFailedPrecondition,
                         HasSubstr(", want 8192 or more")));
  }
  EXPECT_THAT(ChooseOpenFiles({1'024, 4'096}),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("the limit is 4096")));
}

// Whatever the machine allows: raised, or left alone and refused.
TEST(RaiseOpenFiles, IsWhatChooseOpenFilesSays) {
  rlimit before = {};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  const auto want = ChooseOpenFiles({before.rlim_cur, before.rlim_max});
  const absl::Status raised = RaiseOpenFiles();
  EXPECT_EQ(raised.code(), want.status().code());
  rlimit after = {};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &after), 0);
  EXPECT_EQ(after.rlim_cur, want.ok() ? *want : before.rlim_cur);
  setrlimit(RLIMIT_NOFILE, &before);
}

}  // namespace
}  // namespace emb
