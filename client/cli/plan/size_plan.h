// What tables take: memory, disk, time to start, bytes on the wire. Every
// formula stands in size_plan.cc.
#ifndef EMB_CLIENT_CLI_PLAN_SIZE_PLAN_H_
#define EMB_CLIENT_CLI_PLAN_SIZE_PLAN_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "core/dtype.h"

namespace emb {

// So many tables of one shape.
struct PlannedTable {
  int64_t num_rows = 0;
  int64_t dim = 0;
  DType dtype = DType::kFloat32;
  int64_t count = 1;
};

// How a server is run, and asked.
struct PlanOptions {
  int64_t keep_versions = 2;    // --keep_versions of the server.
  bool unload_first = false;    // --swap_policy=unload-first.
  int64_t update_rows = 1'000;  // Updated at a time; 0: rows never are.
  int64_t lookup_ids = 1'024;
};

// Of all tables together, in bytes unless said otherwise.
struct SizePlan {
  int64_t num_tables = 0;
  int64_t num_rows = 0;
  int64_t rows_bytes = 0;  // In their stored form.

  // What the server counts towards --memory_limit once all are loaded:
  // rows_bytes, rounding and directory_bytes.
  int64_t memory_bytes = 0;
  int64_t rounding_bytes = 0;   // Blocks to 64 bytes, the last one to a whole.
  int64_t directory_bytes = 0;  // Pointers to blocks.
  // Further blocks for updates of update_rows rows, wherever they are.
  int64_t update_bytes = 0;
  // While the largest table is swapped, by either policy, and while all are
  // in one step.
  int64_t swap_load_first_bytes = 0;
  int64_t swap_unload_first_bytes = 0;
  int64_t swap_all_bytes = 0;
  // What to give: the server, and the machine or container that it has.
  int64_t memory_limit_bytes = 0;
  int64_t machine_bytes = 0;

  // One version of every table on disk.
  int64_t version_bytes = 0;
  // At most, of row updates that are not folded yet.
  int64_t patches_bytes = 0;
  // The data directory at its largest, and a disk on which that leaves the
  // share free below which the server refuses changes.
  int64_t data_dir_bytes = 0;
  int64_t disk_bytes = 0;
  // The first backup of a name; what a new version of every table adds.
  int64_t backup_bytes = 0;
  int64_t next_backup_bytes = 0;

  // From the start of the process until it serves: from the page cache, and
  // from the disk.
  double warm_start_seconds = 0;
  double cold_start_seconds = 0;

  // A lookup of lookup_ids ids of the widest table, answered in float32.
  int64_t request_bytes = 0;
  int64_t answer_bytes = 0;
};

// REQUIRES: tables is not empty.
// Errors   INVALID_ARGUMENT  a shape that no server takes.
absl::StatusOr<SizePlan> PlanSizes(absl::Span<const PlannedTable> tables,
                                   const PlanOptions& options);

}  // namespace emb

#endif  // EMB_CLIENT_CLI_PLAN_SIZE_PLAN_H_
