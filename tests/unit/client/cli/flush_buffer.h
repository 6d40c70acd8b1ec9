// A stream buffer that tells when it was flushed.
#ifndef EMB_TESTS_UNIT_CLIENT_CLI_FLUSH_BUFFER_H_
#define EMB_TESTS_UNIT_CLIENT_CLI_FLUSH_BUFFER_H_

#include <condition_variable>
#include <mutex>
#include <sstream>

namespace emb {

// Threads  One writes, others wait.
class FlushBuffer : public std::stringbuf {
 public:
  // Waits until what was written has been flushed once.
  void WaitForFlush() {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [this] { return flushed_; });
  }

 protected:
  int sync() override {
    std::lock_guard<std::mutex> lock(mutex_);
    flushed_ = true;
    changed_.notify_all();
    return 0;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool flushed_ = false;
};

}  // namespace emb

#endif  // EMB_TESTS_UNIT_CLIENT_CLI_FLUSH_BUFFER_H_
