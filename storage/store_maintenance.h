// What a store may offer beside tables: backup, restore, verification, and
// whether it takes writes.
//
// Optional: TableStore::maintenance is null where there is none.
#ifndef EMB_STORAGE_STORE_MAINTENANCE_H_
#define EMB_STORAGE_STORE_MAINTENANCE_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace emb {

// One backup of a directory of backups.
struct StoredBackup {
  // 1, 2, 3 ... within the directory; never used twice.
  int64_t id = 0;
  absl::Time created_at;
  // Of all its files. Files that did not change are shared between backups.
  int64_t bytes = 0;
  // Of the moment that it keeps.
  uint64_t epoch = 0;
  int64_t num_tables = 0;
  // Files are missing or of the wrong size; the rest is not known then.
  bool damaged = false;
};

// How long work is watched, slowed down and given up.
struct WorkWatch {
  // Asked now and then; once it says true, the work gives up: CANCELLED.
  std::function<bool()> cancelled = [] { return false; };
  // Told of bytes done and bytes in all, several times a second.
  std::function<void(int64_t done, int64_t total)> progress = [](int64_t,
                                                                 int64_t) {};
  // Bytes read a second, at most; 0: as fast as it goes.
  int64_t bytes_per_second = 0;
};

// Threads  Thread-safe. Everything here does disk work for long.
class StoreMaintenance {
 public:
  virtual ~StoreMaintenance() = default;

  // Adds a backup of this moment to the directory, which is created if absent:
  // all commits before the call are in it, and a later one is in it as a whole
  // or not at all. Commits wait for a moment at its beginning only. Every
  // checksum of the source is verified first, and the copy is read back after;
  // a backup that fails leaves those before as they are and none of its own.
  // keep > 0: only so many, the newest, stay. Returns the new one.
  //
  // Errors   DATA_LOSS            the source is damaged; names the file.
  //          FAILED_PRECONDITION  the directory holds something else.
  //          ABORTED              another backup or restore is at work.
  //          RESOURCE_EXHAUSTED   no space left; CANCELLED; INTERNAL.
  // Cost     Reads the store twice; writes what no earlier backup there has.
  virtual absl::StatusOr<StoredBackup> Backup(const std::string& directory,
                                              int64_t keep,
                                              const WorkWatch& watch) = 0;

  // Makes this store, which must never have held a table, what the backup
  // holds; id 0: the newest. Durable and verified when it returns OK; an error
  // leaves the store as it was.
  //
  // Errors   FAILED_PRECONDITION  the store is not new.
  //          NOT_FOUND            no such backup.
  //          DATA_LOSS            the backup is damaged; an older one is never
  //                               taken in its place.
  //          ABORTED              a change, a backup or a restore is at work.
  //          RESOURCE_EXHAUSTED, INTERNAL.
  virtual absl::Status Restore(const std::string& directory, int64_t id) = 0;

  // Reads every file that the store keeps and compares its checksum.
  //
  // Errors   DATA_LOSS  names the first file that is damaged; CANCELLED.
  virtual absl::Status VerifyFiles(const WorkWatch& watch) = 0;

  // Whether the store takes writes. Where a full disk has stopped it, tries to
  // go on.
  //
  // Errors   RESOURCE_EXHAUSTED   no space left: ask again when there is.
  //          FAILED_PRECONDITION  read-only after another failure of the disk,
  //                               until it is opened again; or closed.
  virtual absl::Status CheckWritable() = 0;

  // Bytes of the store's files; and of the disk where they are, which others
  // may use too, bytes free and in all.
  struct DiskUse {
    int64_t used_bytes = 0;
    int64_t free_bytes = 0;
    int64_t size_bytes = 0;
  };
  virtual absl::StatusOr<DiskUse> GetDiskUse() = 0;

  // Whether so many bytes fit on the disk and leave 5 % of it free: what is
  // large is refused before it has filled the disk for what is small.
  //
  // Errors   RESOURCE_EXHAUSTED  they do not.
  virtual absl::Status CheckSpaceFor(int64_t bytes) = 0;
};

// The backups of a directory, ascending by id.
//
// Errors   NOT_FOUND  it is no directory of backups.
absl::StatusOr<std::vector<StoredBackup>> ListStoredBackups(
    const std::string& directory);

}  // namespace emb

#endif  // EMB_STORAGE_STORE_MAINTENANCE_H_
