#include <sys/stat.h>

#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/temp_dir.h"
#include "tests/unit/client/cli/cli_fixture.h"

namespace emb {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

using TokenCommandTest = CliTest;

std::string ContentOf(const std::string& path) {
  std::ostringstream content;
  content << std::ifstream(path).rdbuf();
  return content.str();
}

TEST_F(TokenCommandTest, ShowsATokenAndItsEntry) {
  EXPECT_EQ(Run({"token", "create", "ranker"}), kExitOk);
  EXPECT_THAT(out_, MatchesRegex("# The caller's[^\n]*\n"
                                 "emb_[A-Za-z0-9_-]{43}\n\n"
                                 "# For the server's --token_file:\n"
                                 "\\[\\[token\\]\\]\n"
                                 "name = \"ranker\"\nrole = \"read\"\n"
                                 "sha256 = \"[0-9a-f]{64}\"\n"));
  EXPECT_TRUE(connects_.empty());
}

TEST_F(TokenCommandTest, NoTwoAreAlike) {
  std::set<std::string> tokens;
  for (int i = 0; i < 100; ++i) {
    ASSERT_EQ(Run({"token", "create", "a", "--json"}), kExitOk);
    tokens.insert(OutJson()["token"].get<std::string>());
  }
  EXPECT_EQ(tokens.size(), 100U);
}

TEST_F(TokenCommandTest, AFileOfTheOwnersKeepsTheSecret) {
  const TempDir dir;
  const std::string path = dir / "ranker.token";
  EXPECT_EQ(Run({"token", "create", "ranker", "--role", "write", "--tables",
                 "item,user.*", "--out", path}),
            kExitOk);
  const std::string token = ContentOf(path);
  EXPECT_THAT(token, MatchesRegex("emb_[A-Za-z0-9_-]{43}\n"));
  EXPECT_THAT(out_, AllOf(testing::StartsWith("[[token]]\n"),
                          HasSubstr("role = \"write\"\n"),
                          HasSubstr("tables = [\"item\", \"user.*\"]\n"),
                          Not(HasSubstr("emb_"))));
  struct stat file = {};
  ASSERT_EQ(stat(path.c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 0777, 0600U);
  // Somebody may be using it.
  EXPECT_EQ(Run({"token", "create", "ranker", "--out", path}), kExitInvalid);
  EXPECT_THAT(err_, AllOf(HasSubstr("--out \"" + path), HasSubstr("exists")));
  EXPECT_EQ(ContentOf(path), token);
}

TEST_F(TokenCommandTest, RefusesWhatTheServerWould) {
  const std::vector<std::vector<std::string>> wrong = {
      {},
      {"a b"},
      {"a\"b"},
      {std::string(129, 'a')},
      {"a", "--role", "root"},
      {"a", "--tables", "x y"}};
  for (const std::vector<std::string>& rest : wrong) {
    std::vector<std::string> args = {"token", "create"};
    args.insert(args.end(), rest.begin(), rest.end());
    SCOPED_TRACE(testing::PrintToString(args));
    EXPECT_EQ(Run(args), kExitUsage);
    EXPECT_EQ(out_, "");
  }
}

TEST_F(TokenCommandTest, GlobalFlagsReachTheClient) {
  EXPECT_EQ(Run({"status", "--tls-ca", "ca", "--tls-cert", "c", "--tls-key",
                 "k", "--token-file", "t"}),
            kExitOk);
  ASSERT_EQ(connects_.size(), 1U);
  EXPECT_EQ(connects_[0].tls.ca_file, "ca");
  EXPECT_EQ(connects_[0].tls.cert_file, "c");
  EXPECT_EQ(connects_[0].tls.key_file, "k");
  EXPECT_EQ(connects_[0].token_file, "t");
}

}  // namespace
}  // namespace emb
