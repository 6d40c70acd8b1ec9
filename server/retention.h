// Which versions of a table are kept, and which of them in memory.
#ifndef EMB_SERVER_RETENTION_H_
#define EMB_SERVER_RETENTION_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "server/committer.h"
#include "server/registry.h"

namespace emb {

// A version is kept while it is current or pinned, among the newest
// `versions` ones, or younger than `age`.
struct Retention {
  int64_t versions = 2;
  absl::Duration age = absl::ZeroDuration();
};

// The versions of one table that have outlived it. `versions` ascend;
// `current` is the number of the current one, 0: none is.
std::vector<TablePtr> ExpiredVersions(const std::vector<TablePtr>& versions,
                                      int64_t current,
                                      const Retention& retention,
                                      absl::Time now);

// Adds to `plan` that a table has these versions, of which number `current`
// (0: none) is served; pinned ones stay in memory, others on disk only, and
// those that have outlived `retention` go.
void PlanVersions(const std::string& name,
                  const std::vector<TablePtr>& versions, int64_t current,
                  const Retention& retention, absl::Time now,
                  Committer::Plan& plan);

}  // namespace emb

#endif  // EMB_SERVER_RETENTION_H_
