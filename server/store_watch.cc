#include "server/store_watch.h"

#include <utility>

namespace emb {

StoreWatch::StoreWatch(Dependencies dependencies)
    : deps_(std::move(dependencies)) {
  if (deps_.store != nullptr) thread_ = std::thread([this] { Run(); });
}

absl::Status StoreWatch::writable() const {
  const MutexLock lock(mutex_);
  return writable_;
}

void StoreWatch::Stop() {
  {
    const MutexLock lock(mutex_);
    stopped_ = true;
    changed_.NotifyAll();
  }
  if (thread_.joinable()) thread_.join();
}

void StoreWatch::Run() {
  absl::Status before;
  while (true) {
    {
      MutexLock lock(mutex_);
      if (!stopped_) {
        changed_.WaitFor(mutex_, absl::ToDoubleSeconds(deps_.interval));
      }
      if (stopped_) return;
    }
    absl::Status found = deps_.store->CheckWritable();
    if (found == before) continue;
    {
      const MutexLock lock(mutex_);
      writable_ = found;
    }
    deps_.on_change(found);
    before = std::move(found);
  }
}

}  // namespace emb
