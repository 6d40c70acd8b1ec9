// The signals that a server answers to.
#ifndef EMB_SERVER_SIGNAL_THREAD_H_
#define EMB_SERVER_SIGNAL_THREAD_H_

#include <atomic>
#include <csignal>
#include <functional>
#include <thread>

namespace emb {

// SignalThread waits for the signals that end the server or have it read its
// configuration again. SIGTERM and SIGINT: the first asks for a drain, a later
// one ends the process at once. SIGHUP: reload. SIGUSR1 wakes the thread to
// end.
class SignalThread {
 public:
  // Both are called on the thread, one at a time.
  struct Actions {
    std::function<void()> stop;
    std::function<void()> reload;
  };

  // Blocks the signals. Call before any thread starts, so that all inherit it;
  // those that come before there is a SignalThread wait for it.
  static void Block();

  // What `actions` refer to outlives the thread.
  explicit SignalThread(Actions actions);
  ~SignalThread();

  SignalThread(const SignalThread&) = delete;
  SignalThread& operator=(const SignalThread&) = delete;

 private:
  void Wait();

  const Actions actions_;
  std::atomic<bool> finished_ = false;
  std::thread thread_;
};

}  // namespace emb

#endif  // EMB_SERVER_SIGNAL_THREAD_H_
