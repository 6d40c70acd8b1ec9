// StoreMaintenance of the embedded store. Private to storage/.
#ifndef EMB_STORAGE_ROCKS_MAINTENANCE_H_
#define EMB_STORAGE_ROCKS_MAINTENANCE_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "core/mutex.h"
#include "storage/opened_store.h"
#include "storage/store_maintenance.h"

namespace emb {

// What maintenance needs of the store that it serves.
class MaintenanceHost {
 public:
  virtual ~MaintenanceHost() = default;

  // The open database.
  // Errors   FAILED_PRECONDITION  closed.
  virtual absl::StatusOr<std::shared_ptr<OpenedStore>> Opened() = 0;

  // Runs `work` while no commit is being made.
  using HeldWork = absl::FunctionRef<absl::Status(OpenedStore& opened,
                                                  const Manifest& manifest)>;
  virtual absl::Status WithCommitsHeld(HeldWork work) = 0;

  // Puts the database that lies complete in new_store_path() in the place of
  // the one that is open.
  //
  // Errors   FAILED_PRECONDITION  there have been tables.
  //          ABORTED              something is using the store.
  virtual absl::Status AdoptRestored() = 0;

  // As StoreMaintenance::CheckWritable.
  virtual absl::Status CheckWritable() = 0;
};

// Threads  Thread-safe.
class RocksMaintenance final : public StoreMaintenance {
 public:
  // `host` outlives it.
  explicit RocksMaintenance(MaintenanceHost& host) : host_(host) {}

  absl::StatusOr<StoredBackup> Backup(const std::string& directory,
                                      int64_t keep,
                                      const WorkWatch& watch) override;
  absl::Status Restore(const std::string& directory, int64_t id) override;
  absl::Status VerifyFiles(const WorkWatch& watch) override;
  absl::Status CheckWritable() override { return host_.CheckWritable(); }
  absl::StatusOr<DiskUse> GetDiskUse() override;
  absl::Status CheckSpaceFor(int64_t bytes) override;

 private:
  MaintenanceHost& host_;
  // Held by a backup, a restore or a verification for as long as it takes;
  // the others then give up at once.
  Mutex mutex_;
  bool busy_ ABSL_GUARDED_BY(mutex_) = false;

  class Turn;
};

}  // namespace emb

#endif  // EMB_STORAGE_ROCKS_MAINTENANCE_H_
