// embedding-server: starts, serves until SIGTERM or SIGINT, drains, exits 0.
#include <pthread.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <optional>
#include <thread>

#include "server/log.h"
#include "server/server.h"
#include "server/server_flags.h"
#include "storage/salvage.h"

namespace {

// Exit statuses: 2 for a wrong command line, 1 for anything else.
constexpr int kExitFailure = 1;
constexpr int kExitUsage = 2;

// A second signal so soon is the first one again: timeout(1) and terminals
// signal a process and then its group.
constexpr std::chrono::seconds kSameRequest(1);

// SignalThread waits for the signals that end the server, which are blocked
// everywhere else. The first asks for a drain, a later one ends the process at
// once. SIGUSR1 wakes the thread to end.
class SignalThread {
 public:
  // `server` outlives the thread.
  SignalThread(const sigset_t& signals, emb::Server& server)
      : signals_(signals), server_(server), thread_([this] { Wait(); }) {}

  ~SignalThread() {
    finished_ = true;
    pthread_kill(thread_.native_handle(), SIGUSR1);
    thread_.join();
  }

  SignalThread(const SignalThread&) = delete;
  SignalThread& operator=(const SignalThread&) = delete;

 private:
  void Wait() {
    using Clock = std::chrono::steady_clock;
    std::optional<Clock::time_point> asked_at;
    while (!finished_) {
      int signal = 0;
      sigwait(&signals_, &signal);
      if (signal == SIGUSR1) continue;
      if (asked_at && Clock::now() - *asked_at < kSameRequest) continue;
      if (asked_at) StopAtOnce(signal);
      asked_at = Clock::now();
      emb::Log(emb::LogLevel::kInfo, "signal", {{"number", int64_t{signal}}});
      server_.RequestStop();
    }
  }

  [[noreturn]] static void StopAtOnce(int signal) {
    emb::Log(emb::LogLevel::kWarning, "stopped_at_once",
             {{"number", int64_t{signal}}});
    _exit(kExitFailure);
  }

  const sigset_t signals_;
  emb::Server& server_;
  std::atomic<bool> finished_ = false;
  std::thread thread_;
};

int Fail(const absl::Status& status) {
  emb::Log(emb::LogLevel::kError, "start_failed",
           {{"code", absl::StatusCodeToString(status.code())},
            {"message", status.message()}});
  return absl::IsInvalidArgument(status) ? kExitUsage : kExitFailure;
}

// What is acknowledged is on disk: whoever supervises the process starts it
// again.
[[noreturn]] void ExitWedged(const absl::Status& why) {
  emb::LogFailure("wedged", why);
  _exit(kExitFailure);
}

int Run(emb::ServerOptions options, const sigset_t& signals) {
  options.on_wedged = ExitWedged;
  auto server = emb::Server::Start(options);
  if (!server.ok()) return Fail(server.status());
  const SignalThread signal_thread(signals, **server);
  if (const absl::Status status = (*server)->Load(); !status.ok()) {
    // Asked to stop before it was up: nothing to drain.
    if (absl::IsCancelled(status)) return EXIT_SUCCESS;
    return Fail(status);
  }
  (*server)->WaitForStop();
  return (*server)->Stop().ok() ? EXIT_SUCCESS : kExitFailure;
}

// Tells of each table, and at last what was lost.
int Salvage(const emb::ServerOptions& options) {
  const auto found = emb::SalvageStore(options.data_dir, options.salvage);
  if (!found.ok()) return Fail(found.status());
  for (const emb::SalvagedVersion& version : found->versions) {
    emb::Log(
        version.status.ok() ? emb::LogLevel::kInfo : emb::LogLevel::kWarning,
        version.status.ok() ? "version_salvaged" : "version_damaged",
        {{"table", version.record.spec.name},
         {"version", version.record.version},
         {"revision", version.record.revision},
         {"message", version.status.message()}});
  }
  emb::Log(emb::LogLevel::kInfo, "salvaged",
           {{"data_dir", options.data_dir},
            {"copy", options.salvage},
            {"epoch", static_cast<int64_t>(found->epoch)},
            {"lost_changes",
             static_cast<int64_t>(found->latest_epoch - found->epoch)}});
  return EXIT_SUCCESS;
}

}  // namespace

int main(int argc, char** argv) {
  const auto options = emb::ParseServerFlags(argc, argv);
  if (!options.ok()) return Fail(options.status());
  if (!options->salvage.empty()) return Salvage(*options);
  // Blocked before any thread starts, so that all inherit it.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGUSR1);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return Run(*options, signals);
}
