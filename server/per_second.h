// Only so many a second.
#ifndef EMB_SERVER_PER_SECOND_H_
#define EMB_SERVER_PER_SECOND_H_

#include <atomic>
#include <chrono>
#include <cstdint>

namespace emb {

// PerSecond lets so many things through in each second of the steady clock;
// about as many, where threads meet at its turn.
//
// Threads  Thread-safe; no lock.
class PerSecond {
 public:
  explicit PerSecond(int64_t limit) : limit_(limit) {}

  bool Allow() {
    const int64_t second =
        std::chrono::duration_cast<std::chrono::seconds>(
            std::chrono::steady_clock::now().time_since_epoch())
            .count();
    if (second_.exchange(second, std::memory_order_relaxed) != second) {
      count_.store(0, std::memory_order_relaxed);
    }
    return count_.fetch_add(1, std::memory_order_relaxed) < limit_;
  }

 private:
  const int64_t limit_;
  std::atomic<int64_t> second_{-1};
  std::atomic<int64_t> count_{0};
};

}  // namespace emb

#endif  // EMB_SERVER_PER_SECOND_H_
