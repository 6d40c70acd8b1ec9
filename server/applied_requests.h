// Requests that were done, so that none is done twice.
#ifndef EMB_SERVER_APPLIED_REQUESTS_H_
#define EMB_SERVER_APPLIED_REQUESTS_H_

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "server/row_update.h"
#include "storage/table_store.h"

namespace emb {

// What is done, whatever its order of fields on the wire. Costs a pass over the
// values.
Digest FingerprintOf(const UpsertRequest& request);

// Errors   INVALID_ARGUMENT  it was another request that had the id.
absl::Status CheckSameRequest(const AppliedRequest& request,
                              const Digest& fingerprint);

// AppliedRequests remembers the newest kAppliedRequestsKept requests that had
// an id, as the store does.
//
// Threads  One thread at a time.
class AppliedRequests {
 public:
  // Begins with what the store remembers.
  // REQUIRES: by ascending number, as TableStore::ReadRequests gives them.
  void Restore(std::vector<AppliedRequest> requests);

  // What came of the request of that id; null: there was none.
  //
  // Errors   INVALID_ARGUMENT  it asked for something else.
  absl::StatusOr<const AppliedRequest*> Find(const std::string& id,
                                             const Digest& fingerprint) const;

  // The number that the next one gets.
  uint64_t next_number() const { return next_number_; }

  // Remembers one that has been committed. REQUIRES: it has next_number().
  void Add(AppliedRequest request);

 private:
  uint64_t next_number_ = 1;
  std::deque<std::string> ids_;  // By number, the oldest first.
  absl::flat_hash_map<std::string, AppliedRequest> requests_;
};

}  // namespace emb

#endif  // EMB_SERVER_APPLIED_REQUESTS_H_
