#include "client/cli/progress_bar.h"

#include <sstream>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace emb {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class ProgressBarTest : public testing::Test {
 protected:
  // What was written since the last call.
  std::string Drawn() {
    const std::string text = out_.str();
    out_.str("");
    return text;
  }

  absl::Time now_ = absl::UnixEpoch();
  std::ostringstream out_;
  ProgressBar bar_{"item", 100 << 20, out_, [this] { return now_; }};
};

TEST_F(ProgressBarTest, ShowsShareRateAndRemainingTime) {
  now_ += absl::Seconds(5);
  bar_.Update(50 << 20);
  EXPECT_THAT(Drawn(),
              AllOf(HasSubstr("\ritem  50% [===============               ]"),
                    HasSubstr(" 10.0 MiB/s, 5 s left")));
  now_ += absl::Seconds(5);
  bar_.Update(100 << 20);
  EXPECT_THAT(Drawn(), AllOf(HasSubstr("100% [============================"),
                             HasSubstr(", 0 s left")));
}

TEST_F(ProgressBarTest, KnowsNoRateAtTheBeginning) {
  bar_.Update(1);
  EXPECT_THAT(Drawn(), AllOf(HasSubstr("  0% ["), Not(HasSubstr("left"))));
}

TEST_F(ProgressBarTest, DrawsTenTimesASecond) {
  bar_.Update(1);
  EXPECT_THAT(Drawn(), Not(IsEmpty()));
  now_ += absl::Milliseconds(99);
  bar_.Update(2);
  EXPECT_THAT(Drawn(), IsEmpty());
  now_ += absl::Milliseconds(1);
  bar_.Update(3);
  EXPECT_THAT(Drawn(), Not(IsEmpty()));
}

TEST(ProgressBar, LeavesAnEmptyLine) {
  std::ostringstream out;
  { const ProgressBar bar("item", 1, out, absl::UnixEpoch); }
  EXPECT_THAT(out.str(), EndsWith("\r\033[K"));
}

}  // namespace
}  // namespace emb
