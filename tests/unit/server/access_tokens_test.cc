#include "server/access_tokens.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/authorizer.h"
#include "server/call_roles.h"
#include "tests/testing/status_matchers.h"

namespace emb {
namespace {

using absl::StatusCode;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

// SHA-256 of "abc" and of "", as FIPS 180-4 has them.
constexpr char kAbc[] =
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
constexpr char kNothing[] =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

std::string Entry(absl::string_view name, absl::string_view role,
                  absl::string_view hash, absl::string_view more = "") {
  return absl::StrCat("[[token]]\nname = \"", name, "\"\nrole = \"", role,
                      "\"\nsha256 = \"", hash, "\"\n", more, "\n");
}

TEST(AccessTokens, FindsATokenByItsHash) {
  const std::string text = absl::StrCat(
      "# Comments are fine.\n", Entry("nobody", "admin", kNothing),
      Entry("ranker", "read", absl::StrReplaceAll(kAbc, {{"a", "A"}}),
            R"(tables = ["item", "user.*"])"));
  EMB_ASSERT_OK_AND_ASSIGN(const AccessTokens tokens,
                           AccessTokens::Parse(text));
  ASSERT_EQ(tokens.tokens().size(), 2U);
  const AccessToken* const found = tokens.Find("abc");
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->name, "ranker");
  EXPECT_EQ(found->role, Role::kRead);
  EXPECT_THAT(found->tables, ElementsAre("item", "user.*"));
  for (const absl::string_view unknown : {"abd", "abc ", "ab", "ABC", kAbc}) {
    EXPECT_EQ(tokens.Find(unknown), nullptr) << unknown;
  }
}

TEST(AccessTokens, ATokenIsForTheTablesThatItNames) {
  const struct {
    std::vector<std::string> tables;
    absl::string_view table;
    bool may;
  } cases[] = {
      {{}, "any", true},
      {{"item"}, "item", true},
      {{"item"}, "items", false},
      {{"item"}, "ite", false},
      {{"item"}, "", false},
      {{"item", "user"}, "user", true},
      {{"user.*"}, "user.age", true},
      {{"user.*"}, "user.", true},
      {{"user.*"}, "user", false},
      {{"user.*"}, "xuser.age", false},
      {{"user.*"}, "user.*", true},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(absl::StrCat(c.table, " of ", c.tables.size()));
    AccessToken token;
    token.tables = c.tables;
    EXPECT_EQ(token.MayUse(c.table), c.may);
  }
}

// What TOML allows, if it is on one line.
TEST(AccessTokens, BlanksCommentsAndQuotesAreTomls) {
  const std::string text = absl::StrCat(
      "\t[[ token ]]  # One.\r\nname='a'# \"x\"\r\n  role\t=\t\"read\"\n\n",
      "sha256 = '", kAbc, "'\ntables = [ 'a' , \"b*\", ] # End.");
  EMB_ASSERT_OK_AND_ASSIGN(const AccessTokens tokens,
                           AccessTokens::Parse(text));
  ASSERT_EQ(tokens.tokens().size(), 1U);
  EXPECT_EQ(tokens.tokens()[0].name, "a");
  EXPECT_THAT(tokens.tokens()[0].tables, ElementsAre("a", "b*"));
}

TEST(AccessTokens, AStarAloneIsEveryTable) {
  EMB_ASSERT_OK_AND_ASSIGN(
      const AccessTokens tokens,
      AccessTokens::Parse(
          Entry("all", "read", kAbc, R"(tables = ["item", "*"])")));
  EXPECT_TRUE(tokens.tokens()[0].tables.empty());
}

TEST(AccessTokens, SaysWhatIsWrongAndWhere) {
  const std::string good = Entry("a", "read", kAbc);
  const auto with = [&](absl::string_view more) {
    return Entry("a", "read", kAbc, more);
  };
  const struct {
    std::string text;
    std::string complaint;
  } cases[] = {
      {"", "token: want 1 to 1000 entries"},
      {"# Nothing.\n\n", "token: want 1 to 1000 entries"},
      {"token = []", "line 1: want [[token]] before anything else"},
      {"[token]\nname = \"a\"", "line 1: want [[token]] before"},
      {"[[token]", "line 1"},
      {"[ [token]]", "line 1"},
      {"[[tokens]]", "line 1"},
      {good + "[[token]] x", "line 6: want [[token]], or a key"},
      {good + "tables", "line 6: want [[token]], or a key"},
      {good + "a.b = \"c\"", "line 6: want [[token]], or a key"},
      {good + "name = \"b\"", "line 6: name: given twice"},
      {with("tables = 7"), "line 5: tables: want a string in quotes"},
      {with("tables ="), "line 5: tables: want a string"},
      {with("tables = [\"a\""), "line 5: tables: want a string"},
      {with(R"(tables = ["a" "b"])"), "line 5: tables: want a string"},
      {with("tables = [,]"), "line 5: tables: want a string"},
      {with("tables = [\"a\"] x"), "line 5: tables: want a string"},
      {with("tables = [7]"), "line 5: tables: want a string"},
      {with(R"(x = "a\u0041")"), "line 5: x: want a string"},
      {with(R"(x = """a""")"), "line 5: x: want a string"},
      {with("x = \"a'"), "line 5: x: want a string"},
      {with("tokens = \"3\""), "token[0].tokens: there is no such key"},
      {with("table = [\"item\"]"), "token[0].table: there is no such key"},
      {Entry("", "read", kAbc), "token[0].name"},
      {Entry("a b", "read", kAbc), "token[0].name"},
      {Entry(std::string(129, 'a'), "read", kAbc), "token[0].name"},
      {"[[token]]\nrole = \"read\"", "token[0].name"},
      {Entry("a", "reader", kAbc), R"(token[0].role: want "read", "write")"},
      {Entry("a", "Read", kAbc), "token[0].role"},
      {"[[token]]\nname = \"a\"", "token[0].role"},
      {Entry("a", "read", "secret-token"), "token[0].sha256: want the 64"},
      {Entry("a", "read", std::string(kAbc) + "0"), "token[0].sha256"},
      {Entry("a", "read", std::string(64, 'g')), "token[0].sha256"},
      {with("tables = []"), "token[0].tables"},
      {with("tables = \"item\""), "token[0].tables"},
      {with("tables = [\"\"]"), "token[0].tables"},
      {with("tables = [\"a*b\"]"), "token[0].tables"},
      {with("tables = [\"*a\"]"), "token[0].tables"},
      {with("tables = [\"a b\"]"), "token[0].tables"},
      {good + Entry("b", "admin", kAbc), "token[1].sha256: that of \"a\""},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.text);
    EXPECT_THAT(AccessTokens::Parse(c.text),
                StatusIs(StatusCode::kInvalidArgument,
                         AllOf(HasSubstr(c.complaint),
                               Not(HasSubstr("secret-token")))));
  }
}

TEST(AccessTokens, ThereIsALimit) {
  std::string text;
  for (size_t i = 0; i < kTokensMax; ++i) {
    absl::StrAppend(
        &text, Entry("a", "read",
                     absl::StrCat(std::string(54, '0'), 1'000'000'000 + i)));
  }
  EXPECT_THAT(AccessTokens::Parse(text), IsOk());
  EXPECT_THAT(AccessTokens::Parse(text + Entry("a", "read", kAbc)),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("1 to 1000")));
}

// Every byte counts, the last of them too.
TEST(EqualInConstantTime, SeesEveryBit) {
  const TokenHash hash = HashToken("abc");
  EXPECT_TRUE(EqualInConstantTime(hash, hash));
  for (size_t i = 0; i < hash.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      TokenHash other = hash;
      other[i] = static_cast<uint8_t>(other[i] ^ 1 << bit);
      EXPECT_FALSE(EqualInConstantTime(hash, other)) << i << "." << bit;
      EXPECT_FALSE(EqualInConstantTime(other, hash)) << i << "." << bit;
    }
  }
}

TEST(HostOfPeer, IsWhereTheCallComesFrom) {
  EXPECT_EQ(HostOfPeer("ipv4:10.0.0.7:4242"), "10.0.0.7");
  EXPECT_EQ(HostOfPeer("ipv6:[::1]:4242"), "::1");
  EXPECT_EQ(HostOfPeer("ipv6:%5B::1%5D:4242"), "::1");
  EXPECT_EQ(HostOfPeer("ipv6:%5Bfe80::1%25eth0%5D:4242"), "fe80::1");
  EXPECT_EQ(HostOfPeer("unix:/run/emb"), "unix");
  EXPECT_EQ(HostOfPeer("unix:"), "unix");
}

TEST(RoleOfCall, NobodyMayWhatIsNotInTheTable) {
  EXPECT_THAT(RoleOfCall("Lookup"), IsOkAndHolds(Role::kRead));
  EXPECT_THAT(RoleOfCall("DropTable"), IsOkAndHolds(Role::kAdmin));
  EXPECT_THAT(RoleOfCall("Lookups"),
              StatusIs(StatusCode::kPermissionDenied, HasSubstr("Lookups")));
  EXPECT_THAT(RoleOfCall(""),
              StatusIs(StatusCode::kPermissionDenied, HasSubstr("no role")));
}

}  // namespace
}  // namespace emb
