// Threads for work that may block.
#ifndef EMB_SERVER_WORKER_POOL_H_
#define EMB_SERVER_WORKER_POOL_H_

#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "core/mutex.h"

namespace emb {

// WorkerPool runs tasks in the order they come, a fixed number at a time.
// gRPC's callback threads hand their disk work to it, since a blocked one
// would keep lookups waiting.
//
// Threads  Thread-safe.
class WorkerPool {
 public:
  // kIdle: each task by a thread of its own, see idle_priority.h. One that
  // waits for the next task at that priority would, on a busy machine, take
  // seconds to end with a process that is killed, whose connections stay open
  // meanwhile.
  enum class Priority { kNormal, kIdle };

  // REQUIRES: num_threads >= 1.
  explicit WorkerPool(int num_threads, Priority priority = Priority::kNormal);
  // Finishes all tasks.
  ~WorkerPool();

  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  void Run(std::function<void()> task);

 private:
  void Work();

  const Priority priority_;
  Mutex mutex_;
  CondVar changed_;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  std::deque<std::function<void()>> tasks_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::thread> threads_;
};

}  // namespace emb

#endif  // EMB_SERVER_WORKER_POOL_H_
