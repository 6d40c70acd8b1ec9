// One pointer that writers replace and readers copy.
#ifndef EMB_SERVER_PUBLISHED_H_
#define EMB_SERVER_PUBLISHED_H_

#include <memory>
#include <utility>

#include "core/mutex.h"

namespace emb {

// Published holds the current value of something immutable.
//
// Threads  Thread-safe. A mutex rather than std::atomic<std::shared_ptr>:
//          libstdc++'s is slower under contention and unclean under
//          ThreadSanitizer. A copy costs tens of nanoseconds.
template <typename T>
class Published {
 public:
  explicit Published(std::shared_ptr<const T> value)
      : value_(std::move(value)) {}

  std::shared_ptr<const T> Get() const {
    MutexLock lock(mutex_);
    return value_;
  }

  // The old value is let go of after the lock is.
  void Set(std::shared_ptr<const T> value) {
    MutexLock lock(mutex_);
    value_.swap(value);
  }

 private:
  mutable Mutex mutex_;
  std::shared_ptr<const T> value_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace emb

#endif  // EMB_SERVER_PUBLISHED_H_
