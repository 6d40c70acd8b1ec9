#include "client/cli/exit_code.h"

#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace emb {
namespace {

using absl::StatusCode;
using testing::HasSubstr;

constexpr struct {
  StatusCode code;
  int exit_code;
} kCodes[] = {
    {StatusCode::kOk, 0},
    {StatusCode::kCancelled, 9},
    {StatusCode::kUnknown, 1},
    {StatusCode::kInvalidArgument, 3},
    {StatusCode::kDeadlineExceeded, 9},
    {StatusCode::kNotFound, 4},
    {StatusCode::kAlreadyExists, 5},
    {StatusCode::kPermissionDenied, 12},
    {StatusCode::kResourceExhausted, 7},
    {StatusCode::kFailedPrecondition, 6},
    {StatusCode::kAborted, 6},
    {StatusCode::kOutOfRange, 3},
    {StatusCode::kUnimplemented, 11},
    {StatusCode::kInternal, 1},
    {StatusCode::kUnavailable, 8},
    {StatusCode::kDataLoss, 10},
    {StatusCode::kUnauthenticated, 12},
};

TEST(ExitCode, EveryStatusHasItsNumber) {
  std::set<StatusCode> codes;
  for (const auto& c : kCodes) {
    EXPECT_EQ(ExitCodeOf(c.code), c.exit_code)
        << absl::StatusCodeToString(c.code);
    codes.insert(c.code);
  }
  EXPECT_EQ(codes.size(), 17U);
}

TEST(ExitCode, AStatusOfTheFutureIsInternal) {
  EXPECT_EQ(ExitCodeOf(static_cast<StatusCode>(99)), kExitInternal);
}

TEST(ExitCode, TheHelpExplainsEveryNumber) {
  const std::string help(kExitCodeHelp);
  for (int exit_code = 0; exit_code <= kExitDenied; ++exit_code) {
    EXPECT_THAT(help, HasSubstr(absl::StrCat(" ", exit_code, "  ")));
  }
}

}  // namespace
}  // namespace emb
