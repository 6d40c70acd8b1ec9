#include "server/idle_priority.h"

#include <sched.h>
#include <unistd.h>

#include <thread>

namespace emb {

void EnterIdlePriority() {
  const sched_param parameters = {};
  if (sched_setscheduler(0, SCHED_IDLE, &parameters) == 0) return;
  // On Linux of the calling thread alone. If this is forbidden too, the work
  // has to be done all the same.
  [[maybe_unused]] const int result = nice(19);
}

void EnterLowPriority() {
  // On Linux of the calling thread alone.
  [[maybe_unused]] const int result = nice(10);
}

void RunAtIdlePriority(absl::FunctionRef<void()> work) {
  std::thread([work] {
    EnterIdlePriority();
    work();
  }).join();
}

}  // namespace emb
