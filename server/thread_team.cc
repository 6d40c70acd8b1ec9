#include "server/thread_team.h"

namespace emb {

ThreadTeam::ThreadTeam(int num_threads) {
  for (int i = 1; i < num_threads; ++i) {
    helpers_.emplace_back([this] { Help(); });
  }
}

ThreadTeam::~ThreadTeam() {
  {
    MutexLock lock(mutex_);
    stopped_ = true;
    changed_.NotifyAll();
  }
  for (std::thread& helper : helpers_) helper.join();
}

void ThreadTeam::Run(int64_t count, Task task) {
  MutexLock lock(mutex_);
  task_ = &task;
  count_ = count;
  started_ = 0;
  finished_ = 0;
  changed_.NotifyAll();
  Work();
  while (finished_ < count_) changed_.Wait(mutex_);
}

void ThreadTeam::Help() {
  MutexLock lock(mutex_);
  while (!stopped_) {
    Work();
    if (!stopped_) changed_.Wait(mutex_);
  }
}

// Takes parts until none is left. Parts are long: one lock each is nothing.
void ThreadTeam::Work() {
  while (started_ < count_) {
    const int64_t part = started_++;
    const Task& task = *task_;
    mutex_.Unlock();
    task(part);
    mutex_.Lock();
    if (++finished_ == count_) changed_.NotifyAll();
  }
}

}  // namespace emb
