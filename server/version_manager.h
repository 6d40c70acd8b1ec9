// Which version of a table is served.
#ifndef EMB_SERVER_VERSION_MANAGER_H_
#define EMB_SERVER_VERSION_MANAGER_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/committer.h"
#include "server/memory_budget.h"
#include "server/name_claims.h"
#include "server/reclaimer.h"
#include "server/registry.h"
#include "server/retention.h"
#include "server/swap_policy.h"
#include "storage/table_store.h"

namespace emb {

// VersionManager publishes versions, takes them back and pins them.
//
// Threads  Thread-safe. Its calls do disk work: never call it on an RPC
//          thread.
class VersionManager {
 public:
  struct Dependencies {
    TableStore& store;
    const Registry& registry;
    Committer& committer;
    NameClaims& claims;
    MemoryBudget& budget;
    Reclaimer& reclaimer;
    Retention retention;
    SwapPolicy swap_policy;
    std::function<absl::Time()> now;
  };

  // Everything referred to outlives the manager.
  explicit VersionManager(Dependencies dependencies);

  // Makes these versions current, all in one durable step: a lookup sees all
  // of them or none. Versions on disk are read into memory first (or, with
  // SwapPolicy::kUnloadFirst, when the current ones have gone from there); the
  // ones before stay on disk, as retention says. 0: the newest version. If it
  // fails the current ones are served on.
  //
  // Errors   INVALID_ARGUMENT    no tables, or one named twice.
  //          NOT_FOUND           no such table or version.
  //          RESOURCE_EXHAUSTED  both versions do not fit the memory limit.
  //          DATA_LOSS           the version is damaged; the old one is served.
  //          ABORTED             another change of a table is in progress.
  absl::StatusOr<std::vector<TablePtr>> Publish(
      const std::vector<VersionKey>& versions);

  // Publishes the newest version below the current one.
  //
  // Errors   FAILED_PRECONDITION  there is none, or none is current; as
  // Publish.
  absl::StatusOr<TablePtr> Rollback(const std::string& name);

  // Keeps a version, and keeps it in memory, or no longer does so.
  //
  // Errors   As Publish.
  absl::StatusOr<TablePtr> Pin(const VersionKey& key, bool pinned);

  // A version of `snapshot`, as it is there or later, with its rows in memory,
  // where they stay for as long as it is held. 0: the current one or, if none
  // is published, the newest.
  //
  // Errors   As Publish.
  absl::StatusOr<TablePtr> WithRows(const Snapshot& snapshot,
                                    const VersionKey& key);

 private:
  absl::StatusOr<TablePtr> FindVersion(const VersionKey& key) const;
  // 0: the newest.
  static absl::StatusOr<TablePtr> VersionIn(const Snapshot& snapshot,
                                            const VersionKey& key);
  absl::StatusOr<int64_t> VersionBeforeCurrent(const std::string& name) const;
  // The version with its rows in memory; as it is later, if it changed while
  // they were read.
  absl::StatusOr<TablePtr> InMemory(TablePtr version);
  absl::StatusOr<TablePtr> Load(const TablePtr& version);
  absl::StatusOr<std::vector<TablePtr>> LoadAll(
      const std::vector<VersionKey>& versions);
  // The current versions of tables whose next one is not in memory.
  std::vector<VersionKey> InTheWay(
      const std::vector<VersionKey>& versions) const;
  absl::Status Unload(const std::vector<VersionKey>& versions);
  // Puts back what Unload took away, as it was on disk.
  void Reload(const std::vector<VersionKey>& versions);
  absl::StatusOr<std::vector<TablePtr>> PublishLoaded(
      const std::vector<TablePtr>& loaded);
  absl::StatusOr<std::vector<TablePtr>> PublishClaimed(
      const std::vector<VersionKey>& versions);

  const Dependencies deps_;
};

}  // namespace emb

#endif  // EMB_SERVER_VERSION_MANAGER_H_
