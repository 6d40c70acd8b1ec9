// What came of the calls of durable_load.
#ifndef EMB_TESTS_FAULTS_DURABLE_TALLY_H_
#define EMB_TESTS_FAULTS_DURABLE_TALLY_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "core/mutex.h"

namespace emb {

// Tally counts what was acknowledged, and keeps what was refused.
//
// Threads  Thread-safe.
class Tally {
 public:
  void CountAcknowledged(const std::string& kind) {
    const MutexLock lock(mutex_);
    ++acknowledged_[kind];
    ++acknowledged_[""];
    changed_.NotifyAll();
  }

  // That the server went away is no refusal.
  void CountFailed(const std::string& kind, const absl::Status& status) {
    const MutexLock lock(mutex_);
    if (!absl::IsUnavailable(status)) {
      refused_.push_back(kind + ": " + status.ToString());
    }
    failing_ = true;
    changed_.NotifyAll();
  }

  // Before calls that may fail anew.
  void ExpectNoFailure() {
    const MutexLock lock(mutex_);
    failing_ = false;
  }

  // Waits for so many more acknowledgements of this kind (empty: of any), or
  // for a failure.
  void AwaitMore(const std::string& kind, int64_t count) {
    const MutexLock lock(mutex_);
    const int64_t enough = acknowledged_[kind] + count;
    while (acknowledged_[kind] < enough && !failing_) changed_.Wait(mutex_);
  }

  // By kind.
  std::map<std::string, int64_t> acknowledged() const {
    const MutexLock lock(mutex_);
    std::map<std::string, int64_t> counts = acknowledged_;
    counts.erase("");
    return counts;
  }

  std::vector<std::string> refused() const {
    const MutexLock lock(mutex_);
    return refused_;
  }

 private:
  mutable Mutex mutex_;
  CondVar changed_;
  // By kind; empty: of all.
  std::map<std::string, int64_t> acknowledged_ ABSL_GUARDED_BY(mutex_);
  bool failing_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::string> refused_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace emb

#endif  // EMB_TESTS_FAULTS_DURABLE_TALLY_H_
