// What a commit writes. Private to storage/.
#ifndef EMB_STORAGE_COMMIT_BATCH_H_
#define EMB_STORAGE_COMMIT_BATCH_H_

#include "absl/status/statusor.h"
#include "storage/record_format.h"
#include "storage/rocks_engine.h"
#include "storage/table_store.h"

namespace emb {

// The records and patches of `edit`, after which the manifest is `next`.
//
// Errors   INVALID_ARGUMENT  a record that could not be read again.
absl::StatusOr<EngineBatch> MakeCommitBatch(const Edit& edit,
                                            const Manifest& next,
                                            Generation next_generation);

}  // namespace emb

#endif  // EMB_STORAGE_COMMIT_BATCH_H_
