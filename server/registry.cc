#include "server/registry.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace emb {

namespace {

absl::Status NoSuchTable(absl::string_view name) {
  if (name.size() > kTableNameBytesMax) {  // Cut, it might be no text.
    return absl::NotFoundError(absl::StrCat(
        "table: there is none with a name of ", name.size(), " bytes"));
  }
  return absl::NotFoundError(
      absl::StrCat("table \"", name, "\": there is none of that name"));
}

absl::StatusOr<const ServedTable*> InMemory(const ServedTable& table) {
  if (!table.state.ok()) return table.state;
  if (table.rows != nullptr) return &table;
  const VersionRecord& record = table.record;
  return absl::FailedPreconditionError(
      absl::StrCat("table \"", record.spec.name, "\": version ", record.version,
                   " is kept on disk only, pin it to look it up"));
}

// Those of `next`'s names: those that were there before go on.
std::shared_ptr<const CountersByName> CountersFor(
    const Snapshot& next, const CountersByName& before) {
  auto counters = std::make_shared<CountersByName>();
  counters->unknown = before.unknown;
  for (const std::string& name : next.Names()) {
    const auto found = before.tables.find(name);
    counters->tables[name] = found == before.tables.end()
                                 ? std::make_shared<TableCounters>()
                                 : found->second;
  }
  return counters;
}

// Whether a name comes or goes.
bool ChangesNames(const std::vector<TableChange>& changes,
                  const CountersByName& before) {
  return std::any_of(
      changes.begin(), changes.end(), [&before](const TableChange& change) {
        const bool stays = change.current != nullptr || !change.kept.empty();
        return stays != before.tables.contains(change.name);
      });
}

}  // namespace

TableCounters& Snapshot::CountersOf(absl::string_view name) const {
  const auto found = counters->tables.find(name);
  return found == counters->tables.end() ? *counters->unknown : *found->second;
}

std::optional<Digest> CurrentDigest(const ServedTable& table) {
  const VersionRecord& record = table.record;
  // Of damaged rows it says what they should be.
  if (record.revision == record.folded_revision || !table.state.ok()) {
    return record.digest;
  }
  if (table.updated_digest->is_known()) return table.updated_digest->known();
  if (table.rows == nullptr) return std::nullopt;
  return table.updated_digest->Of(record.spec, *table.rows);
}

absl::StatusOr<const ServedTable*> Snapshot::Find(absl::string_view name,
                                                  uint64_t version) const {
  const auto current = tables.find(name);
  if (current != tables.end() &&
      (version == 0 ||
       version == static_cast<uint64_t>(current->second->record.version))) {
    return InMemory(*current->second);
  }
  const auto others = kept.find(name);
  if (others != kept.end()) {
    for (const TablePtr& table : others->second) {
      if (version == static_cast<uint64_t>(table->record.version)) {
        return InMemory(*table);
      }
    }
  }
  if (current != tables.end()) {
    return absl::NotFoundError(absl::StrCat(
        "table \"", name, "\": version ", version, " is not served, ",
        current->second->record.version, " is"));
  }
  if (others == kept.end()) return NoSuchTable(name);
  return absl::FailedPreconditionError(
      absl::StrCat("table \"", name, "\": no version is published"));
}

std::vector<TablePtr> Snapshot::VersionsOf(absl::string_view name) const {
  std::vector<TablePtr> versions;
  const auto others = kept.find(name);
  if (others != kept.end()) versions = others->second;
  const auto current = tables.find(name);
  if (current == tables.end()) return versions;
  const auto place = std::find_if(
      versions.begin(), versions.end(), [&](const TablePtr& table) {
        return table->record.version > current->second->record.version;
      });
  versions.insert(place, current->second);
  return versions;
}

TablePtr Snapshot::VersionOf(absl::string_view name, int64_t version) const {
  for (const TablePtr& table : VersionsOf(name)) {
    if (table->record.version == version) return table;
  }
  return nullptr;
}

TablePtr Snapshot::CurrentOrNewest(absl::string_view name) const {
  const auto current = tables.find(name);
  if (current != tables.end()) return current->second;
  const auto others = kept.find(name);
  return others == kept.end() ? nullptr : others->second.back();
}

std::vector<std::string> Snapshot::Names() const {
  std::vector<std::string> names;
  for (const auto& [name, table] : tables) names.push_back(name);
  for (const auto& [name, versions] : kept) {
    if (!tables.contains(name)) names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

bool Snapshot::IsCurrent(const ServedTable& table) const {
  const auto current = tables.find(table.record.spec.name);
  return current != tables.end() &&
         current->second->record.version == table.record.version;
}

TableChange Snapshot::Replacing(const TablePtr& version, TablePtr next) const {
  const std::string& name = version->record.spec.name;
  TableChange change = {name, nullptr, {}};
  const auto current = tables.find(name);
  if (current != tables.end()) change.current = current->second;
  const auto others = kept.find(name);
  if (others != kept.end()) change.kept = others->second;
  if (change.current == version) {
    change.current = std::move(next);
  } else {
    std::replace(change.kept.begin(), change.kept.end(), version, next);
  }
  return change;
}

absl::Status Registry::CheckLoaded() const {
  if (phase() != Phase::kLoading) return absl::OkStatus();
  return absl::UnavailableError("loading tables, try again");
}

Registry::Registry() : snapshot_(std::make_shared<Snapshot>()) {}

void Registry::Apply(uint64_t epoch, const std::vector<Change>& changes) {
  auto next = std::make_shared<Snapshot>(*snapshot());
  next->epoch = epoch;
  for (const Change& change : changes) {
    if (change.current == nullptr) {
      next->tables.erase(change.name);
    } else {
      next->tables[change.name] = change.current;
    }
    if (change.kept.empty()) {
      next->kept.erase(change.name);
    } else {
      next->kept[change.name] = change.kept;
    }
  }
  // Row updates come by the thousands a second: they keep the names.
  if (ChangesNames(changes, *next->counters)) {
    next->counters = CountersFor(*next, *next->counters);
  }
  snapshot_.Set(std::move(next));
}

void Registry::Replace(const Snapshot& snapshot) {
  auto next = std::make_shared<Snapshot>(snapshot);
  next->counters = CountersFor(*next, *this->snapshot()->counters);
  snapshot_.Set(std::move(next));
}

}  // namespace emb
