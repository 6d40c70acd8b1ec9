// RocksDB's backups and checksums of files. Private to storage/.
#ifndef EMB_STORAGE_ROCKS_BACKUP_H_
#define EMB_STORAGE_ROCKS_BACKUP_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/rocks_engine.h"
#include "storage/store_maintenance.h"

namespace emb {

// Makes `path`, which must not exist, a database of this moment. Its large
// files are hard links, so it costs little and shares what damage they have.
absl::Status MakeCheckpoint(RocksEngine& engine, const std::string& path);

// Compares the checksums of all files of the database.
// Errors   DATA_LOSS  names the file; CANCELLED.
absl::Status VerifyEngineFiles(RocksEngine& engine, const WorkWatch& watch);

// Adds a backup of `engine`, which nobody else may be writing to, and reads it
// back. Errors: see StoreMaintenance::Backup.
absl::StatusOr<StoredBackup> AddBackup(RocksEngine& engine,
                                       const std::string& directory,
                                       const StoredBackup& about,
                                       const WorkWatch& watch);

// Deletes all backups but the newest `keep`.
absl::Status KeepBackups(const std::string& directory, int64_t keep);

// Copies a backup's files to `path`, each checked against its checksum.
// Errors: see StoreMaintenance::Restore.
absl::Status CopyBackup(const std::string& directory, int64_t id,
                        const std::string& path);

}  // namespace emb

#endif  // EMB_STORAGE_ROCKS_BACKUP_H_
