// What is being served: all tables at one epoch.
#ifndef EMB_SERVER_REGISTRY_H_
#define EMB_SERVER_REGISTRY_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/table.h"
#include "server/published.h"
#include "storage/version_record.h"

namespace emb {

// The current version of one table. Immutable.
struct ServedTable {
  VersionRecord record;
  // Null if and only if `state` is not OK.
  std::shared_ptr<const Table> rows;
  // OK, or DATA_LOSS saying what is damaged on disk.
  absl::Status state;
};

// All tables at one epoch. Immutable: a reader takes one, uses it to its end,
// and so never mixes two versions.
struct Snapshot {
  uint64_t epoch = 0;
  absl::flat_hash_map<std::string, std::shared_ptr<const ServedTable>> tables;

  // Errors   NOT_FOUND  no table of that name, or its current version is not
  //                     `version` (0: any is right).
  //          DATA_LOSS  it is damaged.
  absl::StatusOr<const ServedTable*> Find(absl::string_view name,
                                          uint64_t version) const;
};

// What the server is doing; only ever goes forward.
enum class Phase { kLoading, kServing, kDraining };

// Registry publishes the snapshot that lookups read.
//
// Threads  Thread-safe; readers never wait for writers. Apply and Replace:
//          one caller at a time, in the order of their epochs.
class Registry {
 public:
  Registry();

  std::shared_ptr<const Snapshot> snapshot() const { return snapshot_.Get(); }

  // Publishes the next snapshot: each named table is replaced, or removed if
  // its pointer is null.
  using Change = std::pair<std::string, std::shared_ptr<const ServedTable>>;
  void Apply(uint64_t epoch, const std::vector<Change>& changes);

  // Publishes a whole snapshot, as after loading.
  void Replace(std::shared_ptr<const Snapshot> snapshot);

  Phase phase() const { return phase_.load(std::memory_order_acquire); }
  // UNAVAILABLE until the tables are loaded.
  absl::Status CheckLoaded() const;
  void set_phase(Phase phase) {
    phase_.store(phase, std::memory_order_release);
  }

 private:
  Published<Snapshot> snapshot_;
  std::atomic<Phase> phase_{Phase::kLoading};
};

}  // namespace emb

#endif  // EMB_SERVER_REGISTRY_H_
