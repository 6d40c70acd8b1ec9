#include "server/self_probe.h"

#include <utility>

#include "server/log.h"

namespace emb {

SelfProbe::SelfProbe(Dependencies dependencies)
    : deps_(std::move(dependencies)) {
  if (deps_.interval > absl::ZeroDuration()) {
    thread_ = std::thread([this] { Run(); });
  }
}

void SelfProbe::Stop() {
  {
    const MutexLock lock(mutex_);
    stopped_ = true;
    changed_.NotifyAll();
  }
  if (thread_.joinable()) thread_.join();
}

bool SelfProbe::Pause() {
  const absl::Time until = absl::Now() + deps_.interval;
  MutexLock lock(mutex_);
  while (!stopped_ && absl::Now() < until) {
    changed_.WaitFor(mutex_, absl::ToDoubleSeconds(until - absl::Now()));
  }
  return !stopped_;
}

void SelfProbe::Run() {
  int failures = 0;
  while (Pause()) {
    const absl::Status status = deps_.probe();
    healthy_ = status.ok();
    if (status.ok()) {
      failures = 0;
      continue;
    }
    deps_.failures.Add();
    LogFailure("self_probe_failed", status);
    if (++failures == kFailuresMax) deps_.on_wedged(status);
  }
}

}  // namespace emb
