#include "server/signal_thread.h"

#include <pthread.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <utility>

#include "server/log.h"

namespace emb {
namespace {

// A second signal so soon is the first one again: timeout(1) and terminals
// signal a process and then its group.
constexpr std::chrono::seconds kSameRequest(1);

sigset_t Signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGUSR1}) {
    sigaddset(&signals, signal);
  }
  return signals;
}

[[noreturn]] void StopAtOnce(int signal) {
  Log(LogLevel::kWarning, "stopped_at_once", {{"number", int64_t{signal}}});
  _exit(EXIT_FAILURE);
}

}  // namespace

void SignalThread::Block() {
  const sigset_t signals = Signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

SignalThread::SignalThread(Actions actions)
    : actions_(std::move(actions)), thread_([this] { Wait(); }) {}

SignalThread::~SignalThread() {
  finished_ = true;
  pthread_kill(thread_.native_handle(), SIGUSR1);
  thread_.join();
}

void SignalThread::Wait() {
  using Clock = std::chrono::steady_clock;
  const sigset_t signals = Signals();
  std::optional<Clock::time_point> asked_at;
  while (!finished_) {
    int signal = 0;
    sigwait(&signals, &signal);
    if (signal == SIGUSR1) continue;
    if (signal == SIGHUP) {
      actions_.reload();
      continue;
    }
    if (asked_at && Clock::now() - *asked_at < kSameRequest) continue;
    if (asked_at) StopAtOnce(signal);
    asked_at = Clock::now();
    Log(LogLevel::kInfo, "signal", {{"number", int64_t{signal}}});
    actions_.stop();
  }
}

}  // namespace emb
