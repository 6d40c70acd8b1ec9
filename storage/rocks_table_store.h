// The embedded TableStore: one RocksDB below the data directory.
#ifndef EMB_STORAGE_ROCKS_TABLE_STORE_H_
#define EMB_STORAGE_ROCKS_TABLE_STORE_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "storage/table_store.h"

namespace emb {

struct RocksTableStoreOptions {
  // Created if absent. Holds LOCK and the folder `rocksdb`, nothing else.
  std::string data_dir;
  // Largest file that a generation is cut into, in bytes.
  int64_t file_bytes_max = int64_t{256} << 20;
};

// Opens the store, makes a new one in an empty directory, and deletes what
// unfinished writes of an earlier process left behind.
//
// Errors   UNAVAILABLE          another process has the directory open;
//                               names its pid.
//          FAILED_PRECONDITION  the directory holds something else, or a
//                               newer format.
//          DATA_LOSS            the store in it is damaged.
//          PERMISSION_DENIED, RESOURCE_EXHAUSTED, INTERNAL  the file system.
absl::StatusOr<std::unique_ptr<TableStore>> OpenRocksTableStore(
    const RocksTableStoreOptions& options);

}  // namespace emb

#endif  // EMB_STORAGE_ROCKS_TABLE_STORE_H_
