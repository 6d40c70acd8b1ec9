#include "server/idle_priority.h"

#include <sched.h>
#include <unistd.h>

#include <thread>

namespace emb {
namespace {

// The CPUs that the process may use but for the first, if there are several.
cpu_set_t CpusOfIdleThreads() {
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  sched_getaffinity(getpid(), sizeof(cpus), &cpus);
  for (int cpu = 0; CPU_COUNT(&cpus) > 1 && cpu < CPU_SETSIZE; ++cpu) {
    if (!CPU_ISSET(cpu, &cpus)) continue;
    CPU_CLR(cpu, &cpus);
    break;
  }
  return cpus;
}

}  // namespace

void EnterIdlePriority() {
  // Not always allowed, and then not needed.
  static const cpu_set_t cpus = CpusOfIdleThreads();
  [[maybe_unused]] int result = sched_setaffinity(0, sizeof(cpus), &cpus);
  const sched_param parameters = {};
  if (sched_setscheduler(0, SCHED_IDLE, &parameters) == 0) return;
  // On Linux of the calling thread alone. If this is forbidden too, the work
  // has to be done all the same.
  result = nice(19);
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
