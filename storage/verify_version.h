// Reads a version as loading would, without keeping it.
#ifndef EMB_STORAGE_VERIFY_VERSION_H_
#define EMB_STORAGE_VERIFY_VERSION_H_

#include "absl/status/status.h"
#include "storage/pacer.h"
#include "storage/table_store.h"
#include "storage/version_record.h"

namespace emb {

// Compares every checksum and the digest.
//
// Errors   DATA_LOSS  names the chunk or patch that is damaged; CANCELLED.
absl::Status VerifyVersion(TableStore& store, const VersionRecord& record,
                           Pacer& pacer);

}  // namespace emb

#endif  // EMB_STORAGE_VERIFY_VERSION_H_
