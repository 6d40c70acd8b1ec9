// What can still be read of a store whose log is damaged.
#ifndef EMB_STORAGE_SALVAGE_H_
#define EMB_STORAGE_SALVAGE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/version_record.h"

namespace emb {

struct SalvagedVersion {
  VersionRecord record;
  // OK, or DATA_LOSS naming the chunk or patch that is damaged.
  absl::Status status;
};

struct SalvagedStore {
  // The copy holds all changes up to this one, and none after it.
  uint64_t epoch = 0;
  // The latest change that the damaged log shows; those in between are lost.
  uint64_t latest_epoch = 0;
  std::vector<SalvagedVersion> versions;  // By table, then version.
};

// Copies the store of one directory into another one, replays its log up to
// the first damage, and verifies every version. The original is only read.
//
// Errors   NOT_FOUND            there is no store.
//          UNAVAILABLE          it is in use.
//          FAILED_PRECONDITION  copy_dir is not empty.
//          DATA_LOSS            it cannot be opened even so: restore a backup.
//          RESOURCE_EXHAUSTED   no space left; INTERNAL.
absl::StatusOr<SalvagedStore> SalvageStore(const std::string& data_dir,
                                           const std::string& copy_dir);

}  // namespace emb

#endif  // EMB_STORAGE_SALVAGE_H_
