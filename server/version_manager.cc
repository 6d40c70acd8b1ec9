#include "server/version_manager.h"

#include <algorithm>
#include <memory>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/status_macros.h"
#include "server/idle_priority.h"
#include "server/table_loader.h"

namespace emb {
namespace {

// The same version among `versions`; they have it.
TablePtr& PlaceOf(const TablePtr& table, std::vector<TablePtr>& versions) {
  return *std::find_if(
      versions.begin(), versions.end(), [&](const TablePtr& version) {
        return version->record.version == table->record.version;
      });
}

// The version as it is now, with the rows that were read when it was `loaded`.
// It may have been folded since: its rows are the same, but lie elsewhere.
TablePtr WithRowsOf(const ServedTable& loaded, const ServedTable& version) {
  auto table = std::make_shared<ServedTable>(version);
  table->rows = loaded.rows;
  table->state = loaded.state;
  if (version.record.generation == loaded.record.generation) {
    table->num_patches = loaded.num_patches;
  }
  return table;
}

// Puts a version that was read from disk in its place. If it was in memory
// already, that one stays: its rows may have been updated since.
void Replace(const TablePtr& table, std::vector<TablePtr>& versions) {
  TablePtr& place = PlaceOf(table, versions);
  if (place->rows == nullptr) place = WithRowsOf(*table, *place);
}

// Whether the rows that are read for one of these are those of the other.
bool AreSameOnDisk(const VersionRecord& a, const VersionRecord& b) {
  return a.generation == b.generation && a.revision == b.revision;
}

// The version with what is wrong with it.
TablePtr Failed(const ServedTable& version, const absl::Status& status) {
  auto failed = std::make_shared<ServedTable>(version);
  failed->state = status;
  return failed;
}

// Readers of the old rows finish within their deadlines.
constexpr absl::Duration kMemoryPatience = absl::Minutes(2);

// The version without its rows, as lookups see it meanwhile.
TablePtr Unloaded(const ServedTable& table) {
  auto unloaded = std::make_shared<ServedTable>(table);
  unloaded->rows = nullptr;
  unloaded->state = absl::UnavailableError(absl::StrCat(
      "table \"", table.record.spec.name,
      "\": another version takes the place "
      "of ",
      table.record.version, " (--swap_policy=unload-first), try again"));
  return unloaded;
}

absl::Status NotKept(const VersionKey& key) {
  return absl::NotFoundError(
      absl::StrCat("table \"", key.table, "\": version ", key.version,
                   " is not kept, want one of those that are listed"));
}

int64_t CurrentVersion(const Snapshot& snapshot, const std::string& name) {
  const auto found = snapshot.tables.find(name);
  return found == snapshot.tables.end() ? 0 : found->second->record.version;
}

}  // namespace

VersionManager::VersionManager(Dependencies dependencies)
    : deps_(std::move(dependencies)) {}

absl::StatusOr<TablePtr> VersionManager::FindVersion(
    const VersionKey& key) const {
  return VersionIn(*deps_.registry.snapshot(), key);
}

absl::StatusOr<TablePtr> VersionManager::VersionIn(const Snapshot& snapshot,
                                                   const VersionKey& key) {
  const std::vector<TablePtr> versions = snapshot.VersionsOf(key.table);
  if (versions.empty()) return snapshot.Find(key.table, 0).status();
  if (key.version == 0) return versions.back();
  TablePtr version = snapshot.VersionOf(key.table, key.version);
  if (version == nullptr) return NotKept(key);
  return version;
}

absl::StatusOr<TablePtr> VersionManager::InMemory(TablePtr version) {
  while (true) {
    if (version->rows != nullptr) return version;
    if (absl::IsDataLoss(version->state)) return version->state;
    auto loaded = Load(version);
    // Where it was folded or dropped meanwhile, what was read may have been
    // deleted from under it: chunks are missed, row patches are not.
    const VersionRecord& record = version->record;
    const VersionKey key = {record.spec.name, record.version};
    TablePtr now = deps_.registry.snapshot()->VersionOf(key.table, key.version);
    // A table that was made anew has other versions of the same numbers.
    if (now == nullptr || now->record.created_at != record.created_at) {
      return NotKept(key);
    }
    if (AreSameOnDisk(now->record, record)) return loaded;
    version = std::move(now);
  }
}

absl::StatusOr<TablePtr> VersionManager::Load(const TablePtr& version) {
  auto loaded = std::make_shared<ServedTable>(*version);
  loaded->state = absl::OkStatus();
  LoadOptions options;
  if (deps_.swap_policy == SwapPolicy::kUnloadFirst) {
    options.memory_patience = kMemoryPatience;
  }
  absl::StatusOr<LoadedRows> rows;
  // Lookups come first.
  RunAtIdlePriority([&] {
    rows = LoadVersion(deps_.store, version->record, deps_.budget,
                       deps_.reclaimer, options);
  });
  if (!rows.ok()) return rows.status();
  loaded->rows = std::move(rows->rows);
  loaded->num_patches = rows->num_patches;
  return loaded;
}

absl::StatusOr<TablePtr> VersionManager::WithRows(const Snapshot& snapshot,
                                                  const VersionKey& key) {
  EMB_ASSIGN_OR_RETURN(TablePtr version, VersionIn(snapshot, key));
  if (key.version == 0) version = snapshot.CurrentOrNewest(key.table);
  EMB_RETURN_IF_ERROR(version->state);
  return InMemory(version);
}

absl::StatusOr<std::vector<TablePtr>> VersionManager::Publish(
    const std::vector<VersionKey>& versions) {
  if (versions.empty()) {
    return absl::InvalidArgumentError("versions: there are none, want one");
  }
  std::set<std::string> names;
  for (const VersionKey& key : versions) {
    if (!names.insert(key.table).second) {
      return absl::InvalidArgumentError(absl::StrCat(
          "versions: table \"", key.table, "\" is named twice, want it once"));
    }
  }
  // Before the claim, which may send an upload away.
  for (const VersionKey& key : versions) {
    EMB_RETURN_IF_ERROR(FindVersion(key).status());
  }
  EMB_ASSIGN_OR_RETURN(const NameClaims::Claim claim,
                       deps_.claims.Take(std::move(names)));
  return PublishClaimed(versions);
}

absl::StatusOr<std::vector<TablePtr>> VersionManager::PublishClaimed(
    const std::vector<VersionKey>& versions) {
  // Nothing is unloaded for one that is not there.
  for (const VersionKey& key : versions) {
    EMB_RETURN_IF_ERROR(FindVersion(key).status());
  }
  std::vector<VersionKey> unloaded;
  if (deps_.swap_policy == SwapPolicy::kUnloadFirst) {
    unloaded = InTheWay(versions);
    EMB_RETURN_IF_ERROR(Unload(unloaded));
  }
  auto loaded = LoadAll(versions);
  auto published = loaded.ok() ? PublishLoaded(*loaded) : loaded;
  if (!published.ok()) Reload(unloaded);
  return published;
}

absl::StatusOr<std::vector<TablePtr>> VersionManager::LoadAll(
    const std::vector<VersionKey>& versions) {
  std::vector<TablePtr> loaded;
  for (const VersionKey& key : versions) {
    EMB_ASSIGN_OR_RETURN(const TablePtr version, FindVersion(key));
    EMB_ASSIGN_OR_RETURN(loaded.emplace_back(), InMemory(version));
  }
  return loaded;
}

// By number: whoever held them would keep their rows in memory.
std::vector<VersionKey> VersionManager::InTheWay(
    const std::vector<VersionKey>& versions) const {
  const auto snapshot = deps_.registry.snapshot();
  std::vector<VersionKey> in_the_way;
  for (const VersionKey& key : versions) {
    const auto next = FindVersion(key);
    const auto current = snapshot->tables.find(key.table);
    if (next.ok() && (*next)->rows == nullptr &&
        current != snapshot->tables.end() && current->second->rows != nullptr) {
      in_the_way.push_back({key.table, current->second->record.version});
    }
  }
  return in_the_way;
}

absl::Status VersionManager::Unload(const std::vector<VersionKey>& versions) {
  if (versions.empty()) return absl::OkStatus();
  const auto plan =
      [&](const Snapshot& snapshot) -> absl::StatusOr<Committer::Plan> {
    Committer::Plan todo;
    for (const VersionKey& key : versions) {
      const TablePtr& current = snapshot.tables.at(key.table);
      todo.changes.push_back(snapshot.Replacing(current, Unloaded(*current)));
    }
    return todo;
  };
  return deps_.committer.Commit(plan).status();
}

void VersionManager::Reload(const std::vector<VersionKey>& versions) {
  for (const VersionKey& key : versions) {
    const auto unloaded = FindVersion(key);
    if (!unloaded.ok()) continue;
    const auto loaded = InMemory(*unloaded);
    const auto plan =
        [&](const Snapshot& snapshot) -> absl::StatusOr<Committer::Plan> {
      EMB_ASSIGN_OR_RETURN(const TablePtr now, VersionIn(snapshot, key));
      Committer::Plan todo;
      todo.changes = {
          snapshot.Replacing(now, loaded.ok() ? WithRowsOf(**loaded, *now)
                                              : Failed(*now, loaded.status()))};
      return todo;
    };
    deps_.committer.Commit(plan).status().IgnoreError();
  }
}

absl::StatusOr<std::vector<TablePtr>> VersionManager::PublishLoaded(
    const std::vector<TablePtr>& loaded) {
  const absl::Time now = deps_.now();
  const auto plan =
      [&](const Snapshot& snapshot) -> absl::StatusOr<Committer::Plan> {
    Committer::Plan todo;
    for (const TablePtr& table : loaded) {
      const std::string& name = table->record.spec.name;
      const int64_t version = table->record.version;
      std::vector<TablePtr> all = snapshot.VersionsOf(name);
      Replace(table, all);
      todo.edit.publish.push_back({name, version});
      PlanVersions(name, all, version, deps_.retention, now, todo);
    }
    return todo;
  };
  EMB_RETURN_IF_ERROR(deps_.committer.Commit(plan).status());
  return loaded;
}

// Holds no snapshot on return: its rows may have to make room.
absl::StatusOr<int64_t> VersionManager::VersionBeforeCurrent(
    const std::string& name) const {
  const auto snapshot = deps_.registry.snapshot();
  const std::vector<TablePtr> versions = snapshot->VersionsOf(name);
  if (versions.empty()) return snapshot->Find(name, 0).status();
  const int64_t current = CurrentVersion(*snapshot, name);
  int64_t before = 0;
  for (const TablePtr& version : versions) {
    if (version->record.version < current) before = version->record.version;
  }
  if (before != 0) return before;
  return absl::FailedPreconditionError(
      absl::StrCat("table \"", name, "\": no version before ",
                   current == 0 ? "the first is published"
                                : absl::StrCat(current, " is kept")));
}

absl::StatusOr<TablePtr> VersionManager::Rollback(const std::string& name) {
  EMB_RETURN_IF_ERROR(VersionBeforeCurrent(name).status());
  EMB_ASSIGN_OR_RETURN(const NameClaims::Claim claim,
                       deps_.claims.Take({name}));
  EMB_ASSIGN_OR_RETURN(const int64_t before, VersionBeforeCurrent(name));
  EMB_ASSIGN_OR_RETURN(const auto published, PublishClaimed({{name, before}}));
  return published.front();
}

absl::StatusOr<TablePtr> VersionManager::Pin(const VersionKey& key,
                                             bool pinned) {
  EMB_RETURN_IF_ERROR(FindVersion(key).status());
  EMB_ASSIGN_OR_RETURN(const NameClaims::Claim claim,
                       deps_.claims.Take({key.table}));
  EMB_ASSIGN_OR_RETURN(TablePtr version, FindVersion(key));
  if (version->record.pinned == pinned) return version;
  if (pinned) {
    EMB_ASSIGN_OR_RETURN(version, InMemory(version));
  }
  TablePtr changed;
  const auto plan =
      [&](const Snapshot& snapshot) -> absl::StatusOr<Committer::Plan> {
    Committer::Plan todo;
    std::vector<TablePtr> all = snapshot.VersionsOf(key.table);
    Replace(version, all);
    auto pinned_version = std::make_shared<ServedTable>(*PlaceOf(version, all));
    pinned_version->record.pinned = pinned;
    changed = PlaceOf(version, all) = std::move(pinned_version);
    todo.edit.replace = {changed->record};
    PlanVersions(key.table, all, CurrentVersion(snapshot, key.table),
                 deps_.retention, deps_.now(), todo);
    return todo;
  };
  EMB_RETURN_IF_ERROR(deps_.committer.Commit(plan).status());
  return changed;
}

}  // namespace emb
