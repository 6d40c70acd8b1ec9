// Matchers for absl::Status and absl::StatusOr. There is none for "not OK":
// say which code.
#ifndef EMB_TESTS_TESTING_STATUS_MATCHERS_H_
#define EMB_TESTS_TESTING_STATUS_MATCHERS_H_

#include <ostream>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace emb {

inline const absl::Status& GetStatus(const absl::Status& status) {
  return status;
}
template <typename T>
const absl::Status& GetStatus(const absl::StatusOr<T>& result) {
  return result.status();
}

MATCHER(IsOk, negation ? "is not OK" : "is OK") {
  const absl::Status& status = GetStatus(arg);
  *result_listener << status.ToString();
  return status.ok();
}

// StatusIs(code): any text. StatusIs(code, HasSubstr("...")): that text.
MATCHER_P2(StatusIs, code, message, "") {
  const absl::Status& status = GetStatus(arg);
  *result_listener << status.ToString();
  return status.code() == code &&
         testing::ExplainMatchResult(message, std::string(status.message()),
                                     result_listener);
}
template <typename Code>
auto StatusIs(Code code) {
  return StatusIs(code, testing::_);
}

// IsOkAndHolds(matcher or value) for a StatusOr.
MATCHER_P(IsOkAndHolds, value, "") {
  if (!arg.ok()) {
    *result_listener << arg.status().ToString();
    return false;
  }
  return testing::ExplainMatchResult(value, *arg, result_listener);
}

}  // namespace emb

#define EMB_ASSERT_OK(expr) ASSERT_THAT(expr, ::emb::IsOk())
#define EMB_EXPECT_OK(expr) EXPECT_THAT(expr, ::emb::IsOk())
#define EMB_ASSERT_OK_AND_ASSIGN(lhs, expr) \
  EMB_ASSERT_OK_AND_ASSIGN_IMPL_(EMB_TEST_CONCAT_(emb_or_, __LINE__), lhs, expr)
#define EMB_ASSERT_OK_AND_ASSIGN_IMPL_(result, lhs, expr) \
  auto result = (expr);                                   \
  ASSERT_THAT(result, ::emb::IsOk());                     \
  lhs = *std::move(result)
#define EMB_TEST_CONCAT_(a, b) EMB_TEST_CONCAT_IMPL_(a, b)
#define EMB_TEST_CONCAT_IMPL_(a, b) a##b

#endif  // EMB_TESTS_TESTING_STATUS_MATCHERS_H_
