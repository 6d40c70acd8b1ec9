// Reads all tables from the store when the server starts.
#ifndef EMB_SERVER_TABLE_LOADER_H_
#define EMB_SERVER_TABLE_LOADER_H_

#include <cstdint>
#include <functional>
#include <memory>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/memory_budget.h"
#include "server/reclaimer.h"
#include "server/registry.h"
#include "storage/table_store.h"

namespace emb {

struct LoadOptions {
  // Threads that read chunks of one table.
  int num_threads = 2;
  // How long to wait for memory that others are giving back.
  absl::Duration memory_patience = absl::ZeroDuration();
  // Asked now and then; once it says true, loading gives up.
  std::function<bool()> cancelled = [] { return false; };
  // Told of each table when it is loaded, or found to be damaged.
  std::function<void(const ServedTable&)> on_table;
};

struct LoadedRows {
  std::shared_ptr<const Table> rows;
  int64_t num_patches = 0;  // Rows that were newer than their chunk.
};

// Loads one version, checked chunk by chunk and by its digest, then patch by
// patch.
//
// Errors   RESOURCE_EXHAUSTED  it does not fit the memory budget.
//          DATA_LOSS           it is damaged; names table and chunk.
//          As LoadTables.
absl::StatusOr<LoadedRows> LoadVersion(TableStore& store,
                                       const VersionRecord& record,
                                       MemoryBudget& budget,
                                       Reclaimer& reclaimer,
                                       const LoadOptions& options);

// Loads the current version of every table, and those that are pinned. A
// damaged one has DATA_LOSS as its state and harms no other.
//
// Errors   RESOURCE_EXHAUSTED  they do not fit the memory budget.
//          CANCELLED           options.cancelled said so.
//          INTERNAL            the store cannot be read.
//          FAILED_PRECONDITION a later version has written it.
// Cost     About 1 GB/s a thread from the page cache.
absl::StatusOr<std::shared_ptr<const Snapshot>> LoadTables(
    TableStore& store, MemoryBudget& budget, Reclaimer& reclaimer,
    const LoadOptions& options);

}  // namespace emb

#endif  // EMB_SERVER_TABLE_LOADER_H_
