// Backup, restore and verification of all tables.
#ifndef EMB_SERVER_MAINTENANCE_H_
#define EMB_SERVER_MAINTENANCE_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/mutex.h"
#include "server/registry.h"
#include "storage/pacer.h"
#include "storage/store_maintenance.h"
#include "storage/table_store.h"

namespace emb {

// What was found when a version was read from disk.
struct VerifiedVersion {
  VersionRecord record;
  // OK, or DATA_LOSS naming the chunk or patch that is damaged.
  absl::Status status;
};

struct Verification {
  // OK, or DATA_LOSS naming the file of the store that is damaged.
  absl::Status files;
  std::vector<VerifiedVersion> versions;  // By table, then version.
};

// Maintenance keeps backups below one directory, by names that callers choose.
//
// Threads  Thread-safe. Its calls do disk work for long: never call it on an
//          RPC thread.
class Maintenance {
 public:
  struct Dependencies {
    TableStore& store;
    const Registry& registry;
    std::string backup_dir;  // Empty: there are no backups.
    // Reads all tables from the store and publishes them.
    std::function<absl::Status()> load;
  };

  // Everything referred to outlives it.
  explicit Maintenance(Dependencies dependencies)
      : deps_(std::move(dependencies)) {}

  // Adds a backup of this moment to the backups of that name; keep > 0: only so
  // many stay.
  //
  // Errors   INVALID_ARGUMENT     the name is no single path component.
  //          FAILED_PRECONDITION  there is no --backup_dir; as
  //          StoreMaintenance::Backup.
  absl::StatusOr<StoredBackup> Backup(const std::string& name, int64_t keep,
                                      const WorkWatch& watch);

  // Ascending by id. Errors as Backup; NOT_FOUND.
  absl::StatusOr<std::vector<StoredBackup>> List(const std::string& name);

  // When the last backup was made by this object; the epoch: none was.
  absl::Time last_backup_at() const;

  // Of the store's disk. UNIMPLEMENTED: it has none.
  absl::StatusOr<StoreMaintenance::DiskUse> GetDiskUse() const;

  // Restores a backup (id 0: the newest) and serves its tables.
  //
  // Errors   As Backup and StoreMaintenance::Restore.
  absl::Status Restore(const std::string& name, int64_t id);

  // Reads all that is on disk, and compares every checksum and digest. Versions
  // that go meanwhile are left out.
  //
  // Errors   CANCELLED; ABORTED  other maintenance is at work. Damage is no
  //          error but what was found.
  absl::StatusOr<Verification> Verify(const WorkWatch& watch);

 private:
  absl::StatusOr<StoreMaintenance*> OfStore() const;
  absl::StatusOr<std::string> DirectoryOf(const std::string& name) const;
  // nullopt: it is gone.
  std::optional<VerifiedVersion> VerifyUnlessGone(VersionRecord record,
                                                  Pacer& pacer) const;

  const Dependencies deps_;

  mutable Mutex mutex_;
  absl::Time last_backup_at_ ABSL_GUARDED_BY(mutex_) = absl::UnixEpoch();
};

}  // namespace emb

#endif  // EMB_SERVER_MAINTENANCE_H_
