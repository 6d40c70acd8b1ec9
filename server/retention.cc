#include "server/retention.h"

#include <algorithm>
#include <memory>
#include <utility>

namespace emb {
namespace {

// The version as it is when its rows are not held.
TablePtr OnDisk(const TablePtr& table) {
  if (table->rows == nullptr) return table;
  auto on_disk = std::make_shared<ServedTable>(*table);
  on_disk->rows = nullptr;
  return on_disk;
}

}  // namespace

std::vector<TablePtr> ExpiredVersions(const std::vector<TablePtr>& versions,
                                      int64_t current,
                                      const Retention& retention,
                                      absl::Time now) {
  std::vector<TablePtr> expired;
  auto newer = static_cast<int64_t>(versions.size());
  for (const TablePtr& version : versions) {
    --newer;  // Versions after this one.
    const VersionRecord& record = version->record;
    const bool kept = record.version == current || record.pinned ||
                      newer < retention.versions ||
                      now - record.created_at < retention.age;
    if (!kept) expired.push_back(version);
  }
  return expired;
}

void PlanVersions(const std::string& name,
                  const std::vector<TablePtr>& versions, int64_t current,
                  const Retention& retention, absl::Time now,
                  Committer::Plan& plan) {
  const std::vector<TablePtr> expired =
      ExpiredVersions(versions, current, retention, now);
  Registry::Change change;
  change.name = name;
  for (const TablePtr& version : versions) {
    const VersionRecord& record = version->record;
    if (record.version == current) {
      change.current = version;
    } else if (std::count(expired.begin(), expired.end(), version) > 0) {
      plan.edit.remove.push_back({name, record.version});
      plan.garbage.push_back(record.generation);
    } else {
      change.kept.push_back(record.pinned ? version : OnDisk(version));
    }
  }
  plan.changes.push_back(std::move(change));
}

}  // namespace emb
