// What is being served: all tables at one epoch.
#ifndef EMB_SERVER_REGISTRY_H_
#define EMB_SERVER_REGISTRY_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/table.h"
#include "server/metrics/table_counters.h"
#include "server/published.h"
#include "server/rows_digest.h"
#include "storage/version_record.h"

namespace emb {

// One version of one table. Immutable.
struct ServedTable {
  VersionRecord record;
  // Null if `state` is not OK, or if it is on disk only.
  std::shared_ptr<const Table> rows;
  // OK, or DATA_LOSS saying what is damaged on disk.
  absl::Status state;
  // Rows written since they were put into chunks; of one that was written twice
  // two.
  int64_t num_patches = 0;
  // Of these rows, if they were updated since they were put into chunks.
  std::shared_ptr<LazyDigest> updated_digest = std::make_shared<LazyDigest>();
};

using TablePtr = std::shared_ptr<const ServedTable>;

// The digest of the rows as they are now; nullopt if they were updated, are on
// disk only, and it is not known from before. Costs a pass over updated rows,
// once for each update.
std::optional<Digest> CurrentDigest(const ServedTable& table);

// What becomes of a table: it is gone if no version is left.
struct TableChange {
  std::string name;
  TablePtr current;                 // Null: none is published.
  std::vector<TablePtr> kept = {};  // The others, ascending.
};

// What was asked of each name. The map is immutable, the counters are not.
struct CountersByName {
  absl::flat_hash_map<std::string, std::shared_ptr<TableCounters>> tables;
  // Of names that are no table's.
  std::shared_ptr<TableCounters> unknown = std::make_shared<TableCounters>();
};

// All tables at one epoch. Immutable: a reader takes one, uses it to its end,
// and so never mixes two versions.
struct Snapshot {
  uint64_t epoch = 0;
  // The current version of each table that has one published.
  absl::flat_hash_map<std::string, TablePtr> tables;
  // The other versions, ascending; no entry for none.
  absl::flat_hash_map<std::string, std::vector<TablePtr>> kept;
  // Shared by snapshots of the same names.
  std::shared_ptr<const CountersByName> counters =
      std::make_shared<CountersByName>();

  // Those of a table, or of all that are none.
  TableCounters& CountersOf(absl::string_view name) const;

  // A version whose rows are in memory; 0: the current one.
  //
  // Errors   NOT_FOUND            no table of that name, or no such version.
  //          FAILED_PRECONDITION  the version is on disk only, or none is
  //                               published.
  //          DATA_LOSS            it is damaged.
  absl::StatusOr<const ServedTable*> Find(absl::string_view name,
                                          uint64_t version) const;

  // All versions of a table, ascending; empty: there is no such table.
  std::vector<TablePtr> VersionsOf(absl::string_view name) const;
  // One of them; null: it is not kept.
  TablePtr VersionOf(absl::string_view name, int64_t version) const;
  // The current version, or else the newest; null: there is no such table.
  TablePtr CurrentOrNewest(absl::string_view name) const;
  // Names of all tables, in order.
  std::vector<std::string> Names() const;
  bool IsCurrent(const ServedTable& table) const;

  // The change that puts `next` in the place of `version`, which is here.
  TableChange Replacing(const TablePtr& version, TablePtr next) const;
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

  using Change = TableChange;

  // Publishes the next snapshot.
  void Apply(uint64_t epoch, const std::vector<Change>& changes);

  // Publishes a whole snapshot, as after loading.
  void Replace(const Snapshot& snapshot);

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
