// Threads that share one task with their caller.
#ifndef EMB_SERVER_THREAD_TEAM_H_
#define EMB_SERVER_THREAD_TEAM_H_

#include <cstdint>
#include <thread>
#include <vector>

#include "absl/functional/function_ref.h"
#include "core/mutex.h"

namespace emb {

// ThreadTeam runs the parts of a task on a fixed number of threads, of which
// the caller is one: what core/parallel.h asks for.
//
// Threads  One caller at a time.
class ThreadTeam {
 public:
  // REQUIRES: num_threads >= 1; 1 starts none beside the caller.
  explicit ThreadTeam(int num_threads);
  ~ThreadTeam();

  ThreadTeam(const ThreadTeam&) = delete;
  ThreadTeam& operator=(const ThreadTeam&) = delete;

  using Task = absl::FunctionRef<void(int64_t index)>;

  // Calls task(i) once for every i in [0, count), concurrently, and returns
  // when all have returned.
  void Run(int64_t count, Task task);

  int num_threads() const { return static_cast<int>(helpers_.size()) + 1; }

 private:
  void Help();
  void Work() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  Mutex mutex_;
  CondVar changed_;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  const Task* task_ ABSL_GUARDED_BY(mutex_) = nullptr;
  int64_t count_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t started_ ABSL_GUARDED_BY(mutex_) = 0;   // Parts begun.
  int64_t finished_ ABSL_GUARDED_BY(mutex_) = 0;  // Parts that returned.
  std::vector<std::thread> helpers_;
};

}  // namespace emb

#endif  // EMB_SERVER_THREAD_TEAM_H_
