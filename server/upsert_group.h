// Row updates that are committed together.
#ifndef EMB_SERVER_UPSERT_GROUP_H_
#define EMB_SERVER_UPSERT_GROUP_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/fold_targets.h"
#include "server/memory_budget.h"
#include "server/reclaimer.h"
#include "server/registry.h"
#include "server/row_update.h"
#include "storage/table_store.h"

namespace emb {

// UpsertGroup puts the requests of several callers together: each is taken as a
// whole or refused as a whole, in the order they come, as if each had been
// committed by itself.
//
// Threads  One thread.
class UpsertGroup {
 public:
  struct Dependencies {
    Reclaimer& reclaimer;
    MemoryBudget& budget;
    const FoldTargets& fold_targets;
  };

  // Updates what is current in `snapshot`. All that is referred to outlives the
  // group.
  UpsertGroup(const Snapshot& snapshot, const Dependencies& dependencies)
      : snapshot_(snapshot), deps_(dependencies) {}

  // Adds the updates of a request.
  //
  // Errors   INVALID_ARGUMENT     no updates, a table named twice, not as many
  //                               values as ids, an element that the dtype
  //                               cannot hold, the padding row.
  //          OUT_OF_RANGE         an id outside of the table.
  //          NOT_FOUND, DATA_LOSS, FAILED_PRECONDITION  as Snapshot::Find.
  //          ABORTED              another revision than expected.
  //          RESOURCE_EXHAUSTED   over the memory limit: readers hold too many
  //                               old rows.
  absl::StatusOr<std::vector<UpsertResult::Table>> Add(
      const UpsertRequest& request);

  bool empty() const { return targets_.empty(); }

  // What to commit: new revisions, and patches that are views of this group.
  Edit MakeEdit() const;

  // The tables after it. Call once, when the edit is durable.
  std::vector<Registry::Change> Apply() &&;

 private:
  // A table and the rows it gets.
  struct Target {
    TablePtr base;
    int64_t revision = 0;
    std::vector<int64_t> ids;
    std::vector<std::byte> rows;  // As they are stored.
  };

  absl::StatusOr<TablePtr> Check(const RowUpdate& update) const;
  absl::Status CheckRoom(const Target& part) const;
  absl::StatusOr<Target> Encode(const RowUpdate& update) const;
  std::shared_ptr<const Table> Update(const Target& target) const;

  const Snapshot& snapshot_;
  const Dependencies deps_;
  std::map<std::string, Target> targets_;
};

}  // namespace emb

#endif  // EMB_SERVER_UPSERT_GROUP_H_
