// Takes row updates from many callers and commits them in groups.
#ifndef EMB_SERVER_ROW_UPDATER_H_
#define EMB_SERVER_ROW_UPDATER_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/mutex.h"
#include "server/applied_requests.h"
#include "server/committer.h"
#include "server/memory_budget.h"
#include "server/reclaimer.h"
#include "server/row_update.h"
#include "server/upsert_group.h"
#include "storage/table_store.h"

namespace emb {

// When an update is acknowledged, as Redis' appendfsync says it for its log.
enum class Durability {
  kSync,      // Once it is on disk ("always").
  kInterval,  // Once it is written; synced every second ("everysec").
  kAsync,     // Once it is written; the system syncs it some time ("no").
};

// RowUpdater applies row updates, durable first (as far as Durability asks),
// then visible, those that wait while the disk is busy together: one sync
// serves them all.
//
// Threads  Thread-safe.
class RowUpdater {
 public:
  using Done = std::function<void(absl::StatusOr<UpsertResult>)>;

  struct Dependencies {
    TableStore& store;
    Committer& committer;
    Reclaimer& reclaimer;
    MemoryBudget& budget;
    const FoldTargets& fold_targets;
    Durability durability = Durability::kSync;
    std::function<absl::Time()> now;
    // Told when rows were updated.
    std::function<void()> on_update;
    // Told when a sync of updates that were acknowledged has failed.
    std::function<void(const absl::Status&)> on_sync_error;
    absl::Duration sync_interval = absl::Seconds(1);
  };

  // Everything referred to outlives the updater.
  explicit RowUpdater(Dependencies dependencies);
  // Finishes what has been submitted, and syncs it.
  ~RowUpdater();

  RowUpdater(const RowUpdater&) = delete;
  RowUpdater& operator=(const RowUpdater&) = delete;

  // Remembers the requests that the store does.
  // Errors   As TableStore::ReadRequests.
  absl::Status Restore();

  // Applies a request and calls `done` with what came of it, on the updater's
  // thread or this one; `done` must not hold it up.
  //
  // Errors   As UpsertGroup::Add and TableStore::Commit: nothing was changed.
  //          INVALID_ARGUMENT    request_id is longer than 128 bytes, or was
  //                              that of another request.
  //          RESOURCE_EXHAUSTED  too much is waiting already.
  // REQUIRES: what the request views lives until `done` is called.
  void Submit(UpsertRequest request, Done done);

 private:
  struct Waiting {
    UpsertRequest request;
    Digest fingerprint;
    Done done;
    int64_t bytes;
  };
  using Answers = std::vector<absl::StatusOr<UpsertResult>>;

  void Run();
  // What waits, up to a bound; empty: the updater has stopped, or it is time
  // to sync.
  std::vector<Waiting> AwaitGroup();
  double SecondsToSync() const;
  void Sync();

  void CommitGroup(std::vector<Waiting> group);
  // Answers what needs no commit; adds the rest to `rows`.
  std::optional<Edit> PlanGroup(const std::vector<Waiting>& group,
                                UpsertGroup& rows, Answers& answers);
  absl::StatusOr<UpsertResult> Take(const Waiting& waiting, UpsertGroup& rows,
                                    std::vector<AppliedRequest>& taken)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(applied_mutex_);

  const Dependencies deps_;

  std::optional<absl::Time> unsynced_since_;  // Of the updater's thread.

  Mutex applied_mutex_;
  AppliedRequests applied_ ABSL_GUARDED_BY(applied_mutex_);

  Mutex mutex_;
  CondVar changed_;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  std::deque<Waiting> waiting_ ABSL_GUARDED_BY(mutex_);
  int64_t waiting_bytes_ ABSL_GUARDED_BY(mutex_) = 0;

  std::thread thread_;
};

}  // namespace emb

#endif  // EMB_SERVER_ROW_UPDATER_H_
