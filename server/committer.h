// Where every change passes: durable first, then visible, in one order.
#ifndef EMB_SERVER_COMMITTER_H_
#define EMB_SERVER_COMMITTER_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "core/mutex.h"
#include "server/metrics/histogram.h"
#include "server/registry.h"
#include "storage/table_store.h"

namespace emb {

// Committer makes changes durable in the store, then visible in the registry:
// epochs are published as they are committed.
//
// Threads  Thread-safe. Does disk work: never call it on an RPC thread.
class Committer {
 public:
  // All outlive the committer; the time of each commit goes to `seconds`, if it
  // is not null.
  Committer(TableStore& store, Registry& registry, Histogram* seconds = nullptr)
      : store_(store), registry_(registry), seconds_(seconds) {}

  // What a change does on disk, and what lookups see of it.
  struct Plan {
    Edit edit;
    std::vector<Registry::Change> changes;
    // If set, makes them once the edit is durable: what must not be done in
    // vain.
    std::function<std::vector<Registry::Change>()> apply;
    // Of the versions that it removes; deleted when it is done.
    std::vector<Generation> garbage;
  };
  using PlanFunction = absl::FunctionRef<absl::StatusOr<std::optional<Plan>>(
      const Snapshot& snapshot)>;

  // Asks `plan` what to do with the newest snapshot, which lives until this
  // returns, does it, and returns the epoch that it made. nullopt: nothing;
  // then that of the snapshot.
  //
  // Errors   As `plan` and TableStore::Commit; then nothing has changed.
  absl::StatusOr<uint64_t> Commit(PlanFunction plan);

 private:
  TableStore& store_;
  Registry& registry_;
  Histogram* const seconds_;
  // Held over TableStore::Commit on purpose: what is committed next must be
  // published next. Lookups never take it.
  Mutex mutex_;
};

}  // namespace emb

#endif  // EMB_SERVER_COMMITTER_H_
