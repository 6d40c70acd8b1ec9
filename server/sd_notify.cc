#include "server/sd_notify.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <system_error>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "server/log.h"

namespace emb {
namespace {

using Clock = std::chrono::steady_clock;

constexpr time_t kSendSeconds = 5;

absl::Status Unreachable(const std::string& socket) {
  return absl::UnavailableError(absl::StrCat(
      "$NOTIFY_SOCKET ", socket, ": ", std::generic_category().message(errno)));
}

// Of systemd's choice of clock.
int64_t MonotonicMicroseconds() {
  timespec now = {};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return absl::ToInt64Microseconds(absl::DurationFromTimespec(now));
}

std::string Variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

}  // namespace

absl::Status SendNotification(const std::string& socket,
                              absl::string_view state) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  // The byte that is over ends a path; an abstract name has none.
  if (socket.size() < 2 || (socket[0] != '/' && socket[0] != '@') ||
      socket.size() >= sizeof(address.sun_path)) {
    return absl::InvalidArgumentError(
        absl::StrCat("$NOTIFY_SOCKET ", socket, ": want /PATH or @NAME of ",
                     sizeof(address.sun_path) - 1, " bytes at most"));
  }
  std::memcpy(address.sun_path, socket.data(), socket.size());
  const bool is_abstract = socket[0] == '@';
  if (is_abstract) address.sun_path[0] = '\0';
  const auto length = static_cast<socklen_t>(
      offsetof(sockaddr_un, sun_path) + socket.size() + (is_abstract ? 0 : 1));
  const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return Unreachable(socket);
  const timeval patience = {kSendSeconds, 0};
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
  const ssize_t sent =
      sendto(fd, state.data(), state.size(), MSG_NOSIGNAL,
             reinterpret_cast<const sockaddr*>(&address), length);
  absl::Status status;
  if (sent != static_cast<ssize_t>(state.size())) status = Unreachable(socket);
  close(fd);
  return status;
}

SdNotifyOptions SdNotifyFromEnvironment() {
  SdNotifyOptions options;
  options.socket = Variable("NOTIFY_SOCKET");
  int64_t microseconds = 0;
  int64_t pid = 0;
  // The variables may be those of a parent.
  const bool is_ours = !absl::SimpleAtoi(Variable("WATCHDOG_PID"), &pid) ||
                       pid == int64_t{getpid()};
  if (is_ours && absl::SimpleAtoi(Variable("WATCHDOG_USEC"), &microseconds) &&
      microseconds > 0) {
    options.watchdog = absl::Microseconds(microseconds);
  }
  return options;
}

SdNotify::SdNotify(SdNotifyOptions options) : options_(std::move(options)) {
  if (options_.socket.empty()) return;
  thread_ = std::thread([this] { Run(); });
}

SdNotify::~SdNotify() {
  {
    const MutexLock lock(mutex_);
    finished_ = true;
    changed_.NotifyAll();
  }
  if (thread_.joinable()) thread_.join();
}

void SdNotify::Serving(absl::string_view status) {
  // One assignment a line: a path may hold anything.
  Enter(Phase::kServing,
        absl::StrCat("READY=1\nSTATUS=",
                     absl::StrReplaceAll(status, {{"\n", " "}})));
}

void SdNotify::Stopping() {
  Enter(Phase::kStopping, "STOPPING=1\nSTATUS=Draining");
}

void SdNotify::Enter(Phase phase, absl::string_view state) {
  const MutexLock lock(mutex_);
  phase_ = phase;
  // Under the lock, so that nothing of the phase before comes after it.
  Send(state);
  changed_.NotifyAll();
}

void SdNotify::Reloading() {
  const MutexLock lock(mutex_);
  if (phase_ != Phase::kServing) return;
  Send(absl::StrCat("RELOADING=1\nMONOTONIC_USEC=", MonotonicMicroseconds()));
}

void SdNotify::Reloaded() {
  const MutexLock lock(mutex_);
  if (phase_ == Phase::kServing) Send("READY=1");
}

absl::Duration SdNotify::IntervalOf(Phase phase) const {
  if (phase == Phase::kLoading) return options_.loading_interval;
  // Nothing to repeat without one: any time that is no overflow.
  if (options_.watchdog == absl::ZeroDuration()) return absl::Hours(24);
  return options_.watchdog / 2;
}

void SdNotify::Send(absl::string_view state) const {
  if (options_.socket.empty()) return;
  if (const absl::Status status = SendNotification(options_.socket, state);
      !status.ok()) {
    LogFailure("notify_failed", status);
  }
}

void SdNotify::Run() {
  const std::string loading =
      absl::StrCat("STATUS=Loading tables\nEXTEND_TIMEOUT_USEC=",
                   absl::ToInt64Microseconds(options_.loading_interval * 3));
  mutex_.Lock();
  while (!finished_) {
    const Phase phase = phase_;
    const Clock::duration interval =
        absl::ToChronoNanoseconds(IntervalOf(phase));
    if (phase == Phase::kLoading) {
      Send(loading);
    } else if (options_.watchdog > absl::ZeroDuration()) {
      // A probe takes its time, and nobody waits for it.
      mutex_.Unlock();
      const bool is_alive = phase == Phase::kStopping || options_.is_alive();
      mutex_.Lock();
      if (is_alive) Send("WATCHDOG=1");
    }
    const Clock::time_point next = Clock::now() + interval;
    while (!finished_ && phase_ == phase && Clock::now() < next) {
      const std::chrono::duration<double> left = next - Clock::now();
      changed_.WaitFor(mutex_, left.count());
    }
  }
  mutex_.Unlock();
}

}  // namespace emb
