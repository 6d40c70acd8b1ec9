#include "server/address.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/listener.h"
#include "tests/testing/status_matchers.h"

namespace emb {
namespace {

using absl::StatusCode;
using testing::HasSubstr;

TEST(ParseAddress, RefusesWhatIsNone) {
  const struct {
    std::string text;
    std::string complaint;
  } cases[] = {
      {"", "want HOST:PORT"},
      {"localhost", "want HOST:PORT"},
      {":50051", "want HOST:PORT"},
      {"localhost:", "want a port from 0 to 65535"},
      {"localhost:65536", "want a port"},
      {"localhost:99999", "want a port"},  // gRPC would listen on 34463.
      {"localhost:-1", "want a port"},
      {"localhost:50051x", "want a port"},
      {"::1:50051", "with brackets"},
      {"[::1:50051", "[IPV6]:PORT"},
      {"unix:", "1 to 107"},
      {"unix:" + std::string(108, 'x'), "1 to 107"},
  };
  for (const auto& c : cases) {
    EXPECT_THAT(ParseAddress(c.text),
                StatusIs(StatusCode::kInvalidArgument, HasSubstr(c.complaint)))
        << c.text;
  }
}

TEST(ParseAddress, KnowsWhatOtherMachinesCanReach) {
  const struct {
    std::string text;
    bool is_local;
  } cases[] = {
      {"127.0.0.1:0", true},     {"127.8.9.10:65535", true},
      {"localhost:50051", true}, {"[::1]:50051", true},
      {"unix:/tmp/emb", true},   {"0.0.0.0:50051", false},
      {"[::]:50051", false},     {"192.168.1.1:1", false},
      {"example:50051", false},  {"128.0.0.1:1", false},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.text);
    EMB_ASSERT_OK_AND_ASSIGN(const Address address, ParseAddress(c.text));
    EXPECT_EQ(address.is_local(), c.is_local);
    EXPECT_EQ(address.ToString(), c.text);
  }
}

TEST(CheckedAddress, NamesTheFlag) {
  EXPECT_THAT(
      CheckedAddress({.flag = "--listen", .address = "0.0.0.0:1"}),
      StatusIs(StatusCode::kInvalidArgument,
               testing::AllOf(HasSubstr("--listen"), HasSubstr("--insecure"))));
  EXPECT_THAT(CheckedAddress(
                  {.flag = "--admin_listen", .address = "x", .insecure = true}),
              StatusIs(StatusCode::kInvalidArgument,
                       HasSubstr("--admin_listen: \"x\"")));
  EMB_EXPECT_OK(CheckedAddress(
      {.flag = "--listen", .address = "0.0.0.0:1", .insecure = true}));
}

}  // namespace
}  // namespace emb
