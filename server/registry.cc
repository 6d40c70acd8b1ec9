#include "server/registry.h"

#include "absl/strings/str_cat.h"

namespace emb {

absl::StatusOr<const ServedTable*> Snapshot::Find(absl::string_view name,
                                                  uint64_t version) const {
  const auto found = tables.find(name);
  if (found == tables.end()) {
    if (name.size() > kTableNameBytesMax) {  // Cut, it might be no text.
      return absl::NotFoundError(absl::StrCat(
          "table: there is none with a name of ", name.size(), " bytes"));
    }
    return absl::NotFoundError(
        absl::StrCat("table \"", name, "\": there is none of that name"));
  }
  const ServedTable& table = *found->second;
  const auto current = static_cast<uint64_t>(table.record.version);
  if (version != 0 && version != current) {
    return absl::NotFoundError(absl::StrCat("table \"", name, "\": version ",
                                            version, " is not served, ",
                                            current, " is"));
  }
  if (!table.state.ok()) return table.state;
  return &table;
}

absl::Status Registry::CheckLoaded() const {
  if (phase() != Phase::kLoading) return absl::OkStatus();
  return absl::UnavailableError("loading tables, try again");
}

Registry::Registry() : snapshot_(std::make_shared<Snapshot>()) {}

void Registry::Apply(uint64_t epoch, const std::vector<Change>& changes) {
  auto next = std::make_shared<Snapshot>(*snapshot());
  next->epoch = epoch;
  for (const auto& [name, table] : changes) {
    if (table == nullptr) {
      next->tables.erase(name);
    } else {
      next->tables[name] = table;
    }
  }
  snapshot_.Set(std::move(next));
}

void Registry::Replace(std::shared_ptr<const Snapshot> snapshot) {
  snapshot_.Set(std::move(snapshot));
}

}  // namespace emb
