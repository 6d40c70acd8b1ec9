#include "server/committer.h"

#include <chrono>
#include <memory>
#include <optional>

#include "core/status_macros.h"

namespace emb {

absl::StatusOr<uint64_t> Committer::Commit(PlanFunction plan) {
  std::optional<Plan> todo;
  uint64_t epoch = 0;
  {
    MutexLock lock(mutex_);
    const auto snapshot = registry_.snapshot();
    EMB_ASSIGN_OR_RETURN(todo, plan(*snapshot));
    if (!todo.has_value()) return snapshot->epoch;
    const auto start = std::chrono::steady_clock::now();
    EMB_ASSIGN_OR_RETURN(epoch, store_.Commit(todo->edit));
    if (seconds_ != nullptr) {
      seconds_->Observe(
          absl::FromChrono(std::chrono::steady_clock::now() - start));
    }
    if (todo->apply) todo->changes = todo->apply();
    registry_.Apply(epoch, todo->changes);
  }
  for (const Generation generation : todo->garbage) {
    // If this fails, the next start of the store deletes it.
    store_.DeleteGeneration(generation).IgnoreError();
  }
  return epoch;
}

}  // namespace emb
