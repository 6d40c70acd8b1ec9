#include "server/sd_notify.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace emb {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::StartsWith;

constexpr int kTimeoutMilliseconds = 30'000;

// Receives what systemd would.
class Receiver {
 public:
  // As in $NOTIFY_SOCKET.
  explicit Receiver(const std::string& name)
      : fd_(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, name.data(), name.size());
    if (name[0] == '@') address.sun_path[0] = '\0';
    const size_t length = offsetof(sockaddr_un, sun_path) + name.size() +
                          (name[0] == '@' ? 0 : 1);
    if (bind(fd_, reinterpret_cast<const sockaddr*>(&address),
             static_cast<socklen_t>(length)) != 0) {
      std::abort();
    }
  }
  ~Receiver() { close(fd_); }
  Receiver(const Receiver&) = delete;
  Receiver& operator=(const Receiver&) = delete;

  // The next datagram; nothing if none comes within the time.
  std::optional<std::string> Next(int milliseconds = kTimeoutMilliseconds) {
    pollfd ready = {fd_, POLLIN, 0};
    if (poll(&ready, 1, milliseconds) != 1) return std::nullopt;
    char buffer[4096];
    const ssize_t size = recv(fd_, buffer, sizeof(buffer), 0);
    if (size < 0) return std::nullopt;
    return std::string(buffer, static_cast<size_t>(size));
  }

  // The next that begins with `prefix`.
  std::optional<std::string> NextWith(absl::string_view prefix) {
    while (auto text = Next()) {
      if (absl::StartsWith(*text, prefix)) return text;
    }
    return std::nullopt;
  }

 private:
  const int fd_;
};

class SdNotifyTest : public testing::Test {
 protected:
  SdNotifyOptions Options(absl::Duration watchdog = absl::ZeroDuration()) {
    return {.socket = name_, .watchdog = watchdog, .is_alive = [this] {
              ++asked_;
              return alive_.load();
            }};
  }

  const TempDir dir_;
  const std::string name_ = dir_ / "notify";
  Receiver receiver_{name_};
  std::atomic<bool> alive_ = true;
  std::atomic<int> asked_ = 0;
};

TEST(SendNotification, ReachesPathsAndAbstractNames) {
  const TempDir dir;
  const std::string names[] = {
      dir / "notify", absl::StrCat("@emb-test-", getpid()),
      // As long as there can be.
      absl::StrCat("@", getpid(), std::string(90, 'x'))};
  for (const std::string& name : names) {
    Receiver receiver(name);
    EMB_ASSERT_OK(SendNotification(name, "READY=1\nSTATUS=x"));
    EXPECT_EQ(receiver.Next(), "READY=1\nSTATUS=x");
  }
}

TEST(SendNotification, RefusesOtherNames) {
  const std::string names[] = {
      "", "/", "@", "notify", "vsock:2:1234", "/" + std::string(200, 'x')};
  for (const std::string& name : names) {
    EXPECT_THAT(SendNotification(name, "READY=1"),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         HasSubstr("want /PATH or @NAME")));
  }
  EXPECT_THAT(SendNotification("/nowhere/notify", "READY=1"),
              StatusIs(absl::StatusCode::kUnavailable,
                       HasSubstr("No such file or directory")));
}

TEST_F(SdNotifyTest, AsksForPatienceUntilItServes) {
  SdNotifyOptions options = Options();
  options.loading_interval = absl::Milliseconds(1);
  SdNotify notify(std::move(options));
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(receiver_.Next(),
              "STATUS=Loading tables\nEXTEND_TIMEOUT_USEC=3000");
  }
  notify.Serving("Serving on unix:/a\nb");
  EXPECT_EQ(receiver_.NextWith("READY"),
            "READY=1\nSTATUS=Serving on unix:/a b");
  notify.Stopping();
  // Nothing of what came before comes after it.
  EXPECT_EQ(receiver_.Next(), "STOPPING=1\nSTATUS=Draining");
  EXPECT_EQ(asked_, 0);
}

TEST_F(SdNotifyTest, TellsOfReloadsOnlyWhileItServes) {
  SdNotify notify(Options());
  EXPECT_THAT(receiver_.Next(), testing::Optional(StartsWith("STATUS=Load")));
  notify.Reloading();
  notify.Reloaded();
  notify.Serving("x");
  EXPECT_EQ(receiver_.Next(), "READY=1\nSTATUS=x");
  notify.Reloading();
  EXPECT_THAT(
      receiver_.Next(),
      testing::Optional(MatchesRegex("RELOADING=1\nMONOTONIC_USEC=[0-9]+")));
  notify.Reloaded();
  EXPECT_EQ(receiver_.Next(), "READY=1");
  notify.Stopping();
  EXPECT_THAT(receiver_.Next(), testing::Optional(StartsWith("STOPPING=1")));
  notify.Reloading();
  notify.Reloaded();
  EXPECT_EQ(receiver_.Next(0), std::nullopt);
}

TEST_F(SdNotifyTest, FeedsTheWatchdogWhileItIsAlive) {
  SdNotify notify(Options(absl::Milliseconds(10)));
  EXPECT_THAT(receiver_.Next(), testing::Optional(StartsWith("STATUS=Load")));
  EXPECT_EQ(asked_, 0);
  notify.Serving("x");
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(receiver_.NextWith("WATCHDOG"), "WATCHDOG=1");
  }
  alive_ = false;
  // Two more questions later the last "yes" has been sent.
  const int asked = asked_;
  while (asked_ < asked + 2) receiver_.Next(1);
  while (receiver_.Next(0)) {
  }
  while (asked_ < asked + 7) EXPECT_EQ(receiver_.Next(1), std::nullopt);
  // Draining ends by itself, and is not cut short.
  notify.Stopping();
  EXPECT_EQ(receiver_.NextWith("WATCHDOG"), "WATCHDOG=1");
}

TEST_F(SdNotifyTest, NobodyIsAskedWithoutAWatchdog) {
  SdNotify notify(Options());
  notify.Serving("x");
  EXPECT_EQ(receiver_.NextWith("READY"), "READY=1\nSTATUS=x");
  notify.Stopping();
  EXPECT_EQ(asked_, 0);
}

TEST(SdNotify, DoesNothingWithoutASocket) {
  SdNotifyOptions options;
  options.watchdog = absl::Milliseconds(1);
  SdNotify notify(std::move(options));
  notify.Serving("x");
  notify.Reloading();
  notify.Reloaded();
  notify.Stopping();
}

TEST(SdNotifyFromEnvironment, KnowsWhoseWatchdogItIs) {
  const std::string self = absl::StrCat(getpid());
  const struct {
    const char* usec;
    std::string pid;
    absl::Duration want;
  } cases[] = {
      {"30000000", self, absl::Seconds(30)},
      {"30000000", "", absl::Seconds(30)},
      {"30000000", "1", absl::ZeroDuration()},
      {"0", self, absl::ZeroDuration()},
      {"-5", self, absl::ZeroDuration()},
      {"soon", self, absl::ZeroDuration()},
      {"", "", absl::ZeroDuration()},
  };
  for (const auto& c : cases) {
    setenv("NOTIFY_SOCKET", "@x", 1);
    setenv("WATCHDOG_USEC", c.usec, 1);
    setenv("WATCHDOG_PID", c.pid.c_str(), 1);
    const SdNotifyOptions options = SdNotifyFromEnvironment();
    EXPECT_EQ(options.socket, "@x");
    EXPECT_EQ(options.watchdog, c.want) << c.usec << " " << c.pid;
  }
  for (const char* const name :
       {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}) {
    unsetenv(name);
  }
  EXPECT_EQ(SdNotifyFromEnvironment().socket, "");
}

}  // namespace
}  // namespace emb
