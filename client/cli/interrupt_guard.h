// Ctrl-C as a wish to come to an end in good order.
#ifndef EMB_CLIENT_CLI_INTERRUPT_GUARD_H_
#define EMB_CLIENT_CLI_INTERRUPT_GUARD_H_

#include <atomic>
#include <csignal>

namespace emb {

// While an InterruptGuard lives, the first SIGINT or SIGTERM sets a flag
// instead of ending the process; a second one ends it.
//
// Threads  At most one guard at a time.
class InterruptGuard {
 public:
  InterruptGuard();
  ~InterruptGuard();

  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

  static const std::atomic<bool>& interrupted();

 private:
  struct sigaction interrupt_before_ = {};
  struct sigaction terminate_before_ = {};
};

}  // namespace emb

#endif  // EMB_CLIENT_CLI_INTERRUPT_GUARD_H_
