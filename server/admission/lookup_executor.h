// On which thread a lookup is answered, and which are not.
#ifndef EMB_SERVER_ADMISSION_LOOKUP_EXECUTOR_H_
#define EMB_SERVER_ADMISSION_LOOKUP_EXECUTOR_H_

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "core/mutex.h"
#include "server/admission/fair_queue.h"
#include "server/metrics/lookup_metrics.h"

namespace emb {

// LookupExecutor answers lookups at once, on the thread of gRPC that read them,
// as long as another of these threads stays with the sockets: no hand-over when
// there is little to do. What comes beyond that waits, fairly by caller, for
// threads of its own, and is given up when it waited for too long: a server
// that is asked for more than it can do answers what it can and says no to the
// rest at once, instead of answering everything too late.
//
// Threads  Thread-safe.
class LookupExecutor {
 public:
  using Clock = std::chrono::steady_clock;

  struct Options {
    // Lookups at a time on threads of gRPC.
    int inline_max = 1;
    // Threads for those that wait.
    int threads = 2;
    // How long a lookup may wait. Where the queue has not been empty for as
    // long, a tenth of it: waiting then serves nobody.
    absl::Duration queue_timeout = absl::Milliseconds(50);
    std::function<Clock::time_point()> now = Clock::now;
  };

  // Does the work of a lookup, or answers that it is shed.
  using Work = std::function<void(std::optional<ShedReason> shed)>;

  // `metrics` outlives the executor.
  LookupExecutor(Options options, LookupMetrics& metrics);
  // Does all that waits.
  ~LookupExecutor();

  LookupExecutor(const LookupExecutor&) = delete;
  LookupExecutor& operator=(const LookupExecutor&) = delete;

  // The right to work on the thread that asks, for as long as it lives.
  class InlineTurn {
   public:
    explicit InlineTurn(LookupExecutor& executor)
        : executor_(executor), granted_(executor.TakeInlineTurn()) {}
    ~InlineTurn();
    InlineTurn(const InlineTurn&) = delete;
    InlineTurn& operator=(const InlineTurn&) = delete;

    bool granted() const { return granted_; }

   private:
    LookupExecutor& executor_;
    const bool granted_;
  };

  // Lets `work` wait for a thread; cost: its number of ids. `full`: there are
  // too many lookups already, so that one must go: this one, or one of a caller
  // that has more of them waiting.
  void Enqueue(const std::string& caller, int64_t cost, bool full, Work work);

  void SetQueueTimeout(absl::Duration timeout);
  int64_t num_queued() const {
    return num_queued_.load(std::memory_order_relaxed);
  }

 private:
  struct Waiting {
    Work work;
    Clock::time_point since;
  };

  bool TakeInlineTurn();
  void Serve();
  std::optional<Waiting> Take() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool IsTooLate(const Waiting& waiting, Clock::time_point now) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Options options_;
  LookupMetrics& metrics_;
  std::atomic<int> num_inline_{0};
  std::atomic<int64_t> num_queued_{0};  // The queue's size, to be read alone.

  Mutex mutex_;
  CondVar changed_;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  Clock::duration queue_timeout_ ABSL_GUARDED_BY(mutex_);
  FairQueue<Waiting> queue_ ABSL_GUARDED_BY(mutex_);
  Clock::time_point empty_at_ ABSL_GUARDED_BY(mutex_);  // Last.

  std::vector<std::thread> threads_;
};

}  // namespace emb

#endif  // EMB_SERVER_ADMISSION_LOOKUP_EXECUTOR_H_
