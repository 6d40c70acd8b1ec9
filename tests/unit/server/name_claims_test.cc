#include "server/name_claims.h"

#include <optional>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"

namespace emb {
namespace {

using absl::StatusCode;
using testing::HasSubstr;

class NameClaimsTest : public testing::Test {
 protected:
  // Holds a name until it is wanted.
  void Hold(std::optional<NameClaims::Claim>& held, const std::string& name) {
    EMB_ASSERT_OK_AND_ASSIGN(auto claim, claims_.Take({name}));
    held.emplace(std::move(claim));
    held->LeaveIfWanted([&held] { held.reset(); });
  }

  NameClaims claims_;
};

TEST_F(NameClaimsTest, OneHasAName) {
  {
    EMB_ASSERT_OK_AND_ASSIGN(const auto claim, claims_.Take({"item", "user"}));
    EXPECT_THAT(claims_.Take({"film", "user"}),
                StatusIs(StatusCode::kAborted, HasSubstr("\"user\"")));
    EXPECT_THAT(claims_.Take({"item"}, StatusCode::kAlreadyExists),
                StatusIs(StatusCode::kAlreadyExists));
    EMB_EXPECT_OK(claims_.Take({"film"}));  // Nothing of it was taken.
  }
  EMB_EXPECT_OK(claims_.Take({"item", "user"}));
}

TEST_F(NameClaimsTest, WhoLeavesMakesRoom) {
  std::optional<NameClaims::Claim> item;
  std::optional<NameClaims::Claim> user;
  Hold(item, "item");
  Hold(user, "user");
  EMB_ASSERT_OK_AND_ASSIGN(const auto claim, claims_.Take({"item", "user"}));
  EXPECT_FALSE(item.has_value());
  EXPECT_FALSE(user.has_value());
  EXPECT_THAT(claims_.Take({"item"}), StatusIs(StatusCode::kAborted));
}

TEST_F(NameClaimsTest, WhoStaysAfterAllIsInTheWay) {
  std::optional<NameClaims::Claim> item;
  Hold(item, "item");
  item->LeaveIfWanted(nullptr);
  EXPECT_THAT(claims_.Take({"item"}), StatusIs(StatusCode::kAborted));
  EXPECT_TRUE(item.has_value());
}

// What cannot be had anyway costs nobody anything.
TEST_F(NameClaimsTest, NobodyIsSentAwayForNothing) {
  std::optional<NameClaims::Claim> item;
  Hold(item, "item");
  EMB_ASSERT_OK_AND_ASSIGN(const auto user, claims_.Take({"user"}));
  EXPECT_THAT(claims_.Take({"item", "user"}), StatusIs(StatusCode::kAborted));
  EXPECT_TRUE(item.has_value());
}

}  // namespace
}  // namespace emb
