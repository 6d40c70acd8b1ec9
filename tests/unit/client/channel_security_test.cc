#include "client/src/channel_security.h"

#include <cstdlib>
#include <fstream>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace emb {
namespace {

using absl::StatusCode;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr char kPem[] = "-----BEGIN SOMETHING-----\n";

class ChannelSecurityTest : public testing::Test {
 protected:
  void TearDown() override {
    for (const char* const name :
         {"EMB_TLS_CA", "EMB_TLS_CERT", "EMB_TLS_KEY", "EMB_TOKEN_FILE"}) {
      unsetenv(name);
    }
  }

  std::string Write(const std::string& name, const std::string& content) {
    std::ofstream(dir_ / name) << content;
    return dir_ / name;
  }

  const TempDir dir_;
  ClientOptions options_;
};

TEST_F(ChannelSecurityTest, WithoutSettingsThereIsNone) {
  EMB_ASSERT_OK_AND_ASSIGN(const ChannelSecurity security,
                           ReadChannelSecurity(options_));
  EXPECT_EQ(security.ca_pem, "");
  EXPECT_EQ(security.token, "");
}

TEST_F(ChannelSecurityTest, TheCallersSettingsBeatTheEnvironments) {
  setenv("EMB_TLS_CA", Write("ca", std::string(kPem) + "ca").c_str(), 1);
  setenv("EMB_TLS_CERT", Write("cert", std::string(kPem) + "c").c_str(), 1);
  setenv("EMB_TLS_KEY", Write("key", std::string(kPem) + "k").c_str(), 1);
  setenv("EMB_TOKEN_FILE", Write("token", "from-file\n").c_str(), 1);
  EMB_ASSERT_OK_AND_ASSIGN(ChannelSecurity security,
                           ReadChannelSecurity(options_));
  EXPECT_EQ(security.ca_pem, std::string(kPem) + "ca");
  EXPECT_EQ(security.cert_pem, std::string(kPem) + "c");
  EXPECT_EQ(security.key_pem, std::string(kPem) + "k");
  EXPECT_EQ(security.token, "from-file");

  options_.tls.ca_file = Write("other", std::string(kPem) + "other");
  options_.token_file = Write("token2", "  other-file\r\n");
  EMB_ASSERT_OK_AND_ASSIGN(security, ReadChannelSecurity(options_));
  EXPECT_EQ(security.ca_pem, std::string(kPem) + "other");
  EXPECT_EQ(security.token, "other-file");
  options_.token = "given";
  EMB_ASSERT_OK_AND_ASSIGN(security, ReadChannelSecurity(options_));
  EXPECT_EQ(security.token, "given");
}

TEST_F(ChannelSecurityTest, NamesTheSettingAndTheFile) {
  const std::string pem = Write("pem", kPem);
  const std::string rubbish = Write("rubbish", "se cret");
  const std::string none = dir_ / "none";
  const struct {
    ClientTls tls;
    std::string token_file;
    std::string complaint;
  } cases[] = {
      {{none, "", "", ""}, "", "--tls-ca \"" + none + "\": No such file"},
      {{dir_.path(), "", "", ""}, "", "--tls-ca"},
      {{rubbish, "", "", ""}, "", "--tls-ca \"" + rubbish + "\": want"},
      {{pem, none, pem, ""}, "", "--tls-cert \"" + none + "\": No such file"},
      {{pem, pem, rubbish, ""}, "", "--tls-key \"" + rubbish + "\": want"},
      {{pem, pem, "", ""}, "", "want it with --tls-key"},
      {{pem, "", pem, ""}, "", "want it with --tls-cert"},
      {{"", pem, pem, ""}, "", "want it with --tls-ca"},
      {{}, none, "--token-file \"" + none + "\": No such file"},
      {{}, rubbish, "--token-file \"" + rubbish + "\": want a token"},
      {{}, Write("empty", "\n"), "want a token"},
      {{}, Write("long", std::string(1025, 'a')), "want a token"},
      {{}, Write("two", "a\nb\n"), "want a token"},
      {{}, Write("list", "[[token]]\nsha256 = \"\"\n"), "want a token"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.complaint);
    options_.tls = c.tls;
    options_.token_file = c.token_file;
    EXPECT_THAT(
        ReadChannelSecurity(options_),
        StatusIs(StatusCode::kInvalidArgument,
                 AllOf(HasSubstr(c.complaint), Not(HasSubstr("se cret")))));
  }
  EXPECT_THAT(Client::Connect(options_),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("token")));
}

// EMB_TOKEN_FILE is the server's variable too.
TEST_F(ChannelSecurityTest, TheServersListInTheEnvironmentIsNoToken) {
  setenv("EMB_TOKEN_FILE",
         Write("list", "[[token]]\nsha256 = \"00\"\n").c_str(), 1);
  EMB_ASSERT_OK_AND_ASSIGN(const ChannelSecurity security,
                           ReadChannelSecurity(options_));
  EXPECT_EQ(security.token, "");
  setenv("EMB_TOKEN_FILE", Write("rubbish", "a b").c_str(), 1);
  EXPECT_THAT(
      ReadChannelSecurity(options_),
      StatusIs(StatusCode::kInvalidArgument, HasSubstr("EMB_TOKEN_FILE \"")));
}

TEST_F(ChannelSecurityTest, ATokenThatIsGivenFitsAHeader) {
  for (const std::string& token :
       {std::string("a b"), std::string("a\n"), std::string("\xc3\xa9"),
        std::string(1025, 'a')}) {
    options_.token = token;
    EXPECT_THAT(ReadChannelSecurity(options_),
                StatusIs(StatusCode::kInvalidArgument, HasSubstr("token: ")));
  }
}

}  // namespace
}  // namespace emb
