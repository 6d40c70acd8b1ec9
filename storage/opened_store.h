// Opening, or making, the store of a data directory. Private to storage/.
#ifndef EMB_STORAGE_OPENED_STORE_H_
#define EMB_STORAGE_OPENED_STORE_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "storage/data_dir.h"
#include "storage/record_format.h"
#include "storage/rocks_engine.h"
#include "storage/table_store.h"

namespace emb {

// An open database, its directory and what was found in it.
struct OpenedStore {
  std::unique_ptr<DataDir> data_dir;  // Outlives the engine.
  std::unique_ptr<RocksEngine> engine;
  std::string ingest_dir;  // For chunk files; empty.
  Manifest manifest;
  Generation next_generation = 1;  // Above every number ever handed out.
};

// Locks the directory, makes a store if it has none, opens it, and deletes
// what no record names. Errors: see OpenRocksTableStore.
absl::StatusOr<OpenedStore> OpenStore(const std::string& path);

// The part of it that follows the lock: opens the store that is there.
// REQUIRES: store.data_dir->has_store().
absl::Status OpenExisting(OpenedStore& store);

// As it is in the database now.
absl::StatusOr<CommitRecord> ReadCommitRecord(RocksEngine& engine);

}  // namespace emb

#endif  // EMB_STORAGE_OPENED_STORE_H_
