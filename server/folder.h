// Folds row patches into chunks.
#ifndef EMB_SERVER_FOLDER_H_
#define EMB_SERVER_FOLDER_H_

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/mutex.h"
#include "server/committer.h"
#include "server/fold_targets.h"
#include "server/registry.h"
#include "storage/table_store.h"

namespace emb {

// Folder writes tables whose rows have been updated anew, in chunks, so that
// patches take neither disk nor time at the next start without end. Lookups and
// updates go on meanwhile: it works at idle priority, at a bounded rate, one
// table at a time.
//
// Threads  Thread-safe.
class Folder {
 public:
  struct Dependencies {
    TableStore& store;
    const Registry& registry;
    Committer& committer;
    FoldTargets& targets;
    // A table is folded at most once in so long.
    absl::Duration interval = absl::Minutes(10);
    // What it writes in a second, at most.
    int64_t bytes_per_second = int64_t{64} << 20;
    std::function<absl::Time()> now;
    // Told of each fold and how long it took; not OK: the table is as it was.
    std::function<void(const std::string& table, const absl::Status&,
                       absl::Duration)>
        on_fold;
  };

  // Everything referred to outlives the folder.
  explicit Folder(Dependencies dependencies);
  ~Folder() { Stop(); }

  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  // Gives up what it is doing: the table stays as it was. Idempotent.
  void Stop();

  // Says that rows were updated.
  void Notice();

  // Folds the current version of a table now, on the caller's thread.
  //
  // Errors   NOT_FOUND  it has none any more; CANCELLED  the folder ends; as
  //          TableStore.
  absl::Status Fold(const std::string& name);

 private:
  void Run();
  // A table that is worth it and due; none: how long until there is one, if
  // there will be.
  std::optional<std::string> FindDue(std::optional<absl::Duration>& wait);
  absl::StatusOr<TablePtr> Begin(const std::string& name, Generation target);
  absl::Status WriteChunks(const ServedTable& table, VersionRecord& folded);
  absl::Status Pace(int64_t bytes);
  absl::Status Finish(const ServedTable& table, const VersionRecord& folded);
  void GiveUp(const ServedTable& table);

  const Dependencies deps_;
  const absl::Time started_at_;

  Mutex mutex_;
  CondVar changed_;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  bool noticed_ ABSL_GUARDED_BY(mutex_) = false;
  std::map<std::string, absl::Time> folded_at_ ABSL_GUARDED_BY(mutex_);

  // Apart, since a thread of idle priority takes it.
  Mutex pace_mutex_;
  CondVar pace_changed_;
  bool giving_up_ ABSL_GUARDED_BY(pace_mutex_) = false;

  std::thread thread_;
};

}  // namespace emb

#endif  // EMB_SERVER_FOLDER_H_
