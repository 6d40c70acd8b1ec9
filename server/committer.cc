#include "server/committer.h"

#include "core/status_macros.h"

namespace emb {

absl::StatusOr<uint64_t> Committer::Commit(PlanFunction plan) {
  Plan todo;
  uint64_t epoch = 0;
  {
    MutexLock lock(mutex_);
    EMB_ASSIGN_OR_RETURN(todo, plan(*registry_.snapshot()));
    EMB_ASSIGN_OR_RETURN(epoch, store_.Commit(todo.edit));
    registry_.Apply(epoch, todo.changes);
  }
  for (const Generation generation : todo.garbage) {
    // If this fails, the next start of the store deletes it.
    store_.DeleteGeneration(generation).IgnoreError();
  }
  return epoch;
}

}  // namespace emb
