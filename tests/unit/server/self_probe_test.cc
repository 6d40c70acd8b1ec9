#include "server/self_probe.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"

namespace emb {
namespace {

using absl::StatusCode;
using testing::HasSubstr;

constexpr absl::Duration kShort = absl::Milliseconds(50);

// Takes connections, as the kernel does for a program that never accepts them.
class SilentListener {
 public:
  SilentListener() : fd_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    EXPECT_EQ(bind(fd_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(fd_, 8), 0);
    getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
    address_ = absl::StrCat("127.0.0.1:", ntohs(address.sin_port));
  }
  ~SilentListener() { close(fd_); }
  SilentListener(const SilentListener&) = delete;
  SilentListener& operator=(const SilentListener&) = delete;

  const std::string& address() const { return address_; }

 private:
  const int fd_;
  std::string address_;
};

// A listener that is well is probed by every test that asks for /livez.
TEST(ProbeListener, HearsNothingOfOneThatTakesNoConnections) {
  const SilentListener listener;
  for (const bool tls : {false, true}) {
    EXPECT_THAT(ProbeListener(listener.address(), tls, kShort),
                StatusIs(StatusCode::kUnavailable, HasSubstr("says nothing")));
  }
}

TEST(ProbeListener, NamesAnAddressWhereNobodyListens) {
  std::string address;
  {
    const SilentListener gone;
    address = gone.address();
  }
  EXPECT_THAT(ProbeListener(address, false, kShort),
              StatusIs(StatusCode::kUnavailable, HasSubstr(address)));
}

TEST(SelfProbe, TellsOfThreeFailuresInARow) {
  Counter failures;
  absl::Notification wedged;
  std::atomic<int> calls = 0;
  SelfProbe probe(
      {.probe = [&calls]() -> absl::Status {
         // The third is well: the count begins anew.
         if (++calls == 3) return absl::OkStatus();
         return absl::UnavailableError("no");
       },
       .interval = absl::Milliseconds(1),
       .failures = failures,
       .on_wedged = [&wedged](const absl::Status&) { wedged.Notify(); }});
  wedged.WaitForNotification();
  EXPECT_EQ(calls, 6);
  EXPECT_EQ(failures.Value(), 5);
  EXPECT_FALSE(probe.healthy());
  probe.Stop();
}

TEST(SelfProbe, IsHealthyUntilItKnowsBetterAndNeverAsksIfTold) {
  Counter failures;
  SelfProbe probe({.probe = []() -> absl::Status {
                     ADD_FAILURE();
                     return {};
                   },
                   .interval = absl::ZeroDuration(),
                   .failures = failures,
                   .on_wedged = [](const absl::Status&) { ADD_FAILURE(); }});
  EXPECT_TRUE(probe.healthy());
}

}  // namespace
}  // namespace emb
