// Whether the data port still takes new connections.
#ifndef EMB_SERVER_SELF_PROBE_H_
#define EMB_SERVER_SELF_PROBE_H_

#include <atomic>
#include <functional>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "core/mutex.h"
#include "server/metrics/counter.h"

namespace emb {

// Opens a fresh connection and waits for the listener's first word: of HTTP/2
// its settings, of TLS its answer to a greeting. A listener that has run out of
// file descriptors has connections that work and takes no new ones.
//
// Errors   UNAVAILABLE  no connection, or no word in time.
absl::Status ProbeListener(const std::string& address, bool tls,
                           absl::Duration timeout);

// SelfProbe asks again and again. gRPC 1.51 that once could not accept a
// connection for want of descriptors never accepts one again (CVE-2023-4785):
// only a restart helps, and whoever restarts the process must hear of it.
//
// Threads  Thread-safe.
class SelfProbe {
 public:
  struct Dependencies {
    std::function<absl::Status()> probe;
    absl::Duration interval = absl::Seconds(3);  // 0: never.
    Counter& failures;
    // Told when kFailuresMax probes in a row have failed, on a thread of the
    // probe's.
    std::function<void(const absl::Status& last)> on_wedged;
  };
  static constexpr int kFailuresMax = 3;

  // Everything referred to outlives the probe.
  explicit SelfProbe(Dependencies dependencies);
  ~SelfProbe() { Stop(); }

  SelfProbe(const SelfProbe&) = delete;
  SelfProbe& operator=(const SelfProbe&) = delete;

  // No probe is begun after it. Idempotent.
  void Stop();

  // The last probe succeeded, or none was made yet.
  bool healthy() const { return healthy_; }

 private:
  void Run();
  // False once it is stopped.
  bool Pause();

  const Dependencies deps_;
  std::atomic<bool> healthy_{true};

  Mutex mutex_;
  CondVar changed_;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;

  std::thread thread_;
};

}  // namespace emb

#endif  // EMB_SERVER_SELF_PROBE_H_
