// Tells systemd how the service is: the protocol of sd_notify(3), without its
// library.
#ifndef EMB_SERVER_SD_NOTIFY_H_
#define EMB_SERVER_SD_NOTIFY_H_

#include <functional>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "core/mutex.h"

namespace emb {

// Sends one datagram to a socket as $NOTIFY_SOCKET names it: a path, or "@"
// and an abstract name. Waits for a receiver that is busy, for 5 s at most.
//
// Errors   INVALID_ARGUMENT  a name that is neither, or is too long.
//          UNAVAILABLE       nobody receives there.
absl::Status SendNotification(const std::string& socket,
                              absl::string_view state);

struct SdNotifyOptions {
  std::string socket;  // Empty: nobody is told anything.
  // The service is restarted unless it says so often that it is alive; it does
  // at half of that. Zero: it need not.
  absl::Duration watchdog;
  // While loading, systemd's patience is renewed so often, for three times as
  // long.
  absl::Duration loading_interval = absl::Seconds(20);
  // Whether the service is alive; asked from a thread of SdNotify's, which
  // waits for the answer.
  std::function<bool()> is_alive;
};

// From $NOTIFY_SOCKET, $WATCHDOG_USEC and $WATCHDOG_PID; without is_alive.
SdNotifyOptions SdNotifyFromEnvironment();

// SdNotify is loading when it is made, then serving, then stopping. What cannot
// be sent is logged: systemd then ends the service, which is its decision.
//
// Threads  Thread-safe.
class SdNotify {
 public:
  explicit SdNotify(SdNotifyOptions options);
  ~SdNotify();

  SdNotify(const SdNotify&) = delete;
  SdNotify& operator=(const SdNotify&) = delete;

  // READY=1, and from now on WATCHDOG=1 while is_alive() holds. `status` is for
  // people.
  void Serving(absl::string_view status);

  // RELOADING=1, then READY=1 again; nothing unless serving, since READY=1
  // would end the loading or the stopping.
  void Reloading();
  void Reloaded();

  // STOPPING=1. WATCHDOG=1 goes on whatever is_alive() says: a listener that
  // closes is no failure, and draining is bounded.
  void Stopping();

 private:
  enum class Phase { kLoading, kServing, kStopping };

  // Repeats what has to be repeated.
  void Run();
  absl::Duration IntervalOf(Phase phase) const;
  void Send(absl::string_view state) const;
  void Enter(Phase phase, absl::string_view state);

  const SdNotifyOptions options_;
  Mutex mutex_;
  CondVar changed_;
  Phase phase_ ABSL_GUARDED_BY(mutex_) = Phase::kLoading;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace emb

#endif  // EMB_SERVER_SD_NOTIFY_H_
