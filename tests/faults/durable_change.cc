#include "tests/faults/durable_change.h"

#include <iterator>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "tests/testing/row_sources.h"

namespace emb {
namespace {

// --keep_versions of the server.
constexpr size_t kKeepVersions = 3;
// Rows of more than 1 MiB are stored in another way: as files of their own.
constexpr int64_t kFewRows = 20;
constexpr int64_t kManyRows = 4'200;

// Versions go that are neither current nor among the newest, as after every
// import and publish.
void Retain(TableState& state) {
  size_t newer = state.versions.size();
  for (auto it = state.versions.begin(); it != state.versions.end();) {
    --newer;
    const bool kept = it->first == state.current || newer < kKeepVersions;
    it = kept ? std::next(it) : state.versions.erase(it);
  }
}

std::shared_ptr<const VersionState> NewVersion(bool created, int64_t num_rows,
                                               float change) {
  auto state = std::make_shared<VersionState>();
  state->created = created;
  state->changes.assign(static_cast<size_t>(num_rows), change);
  return state;
}

TableOptions OptionsOf(int64_t table, int64_t num_rows) {
  TableOptions options;
  options.name = TableName(table);
  options.num_rows = num_rows;
  options.dim = kDim;
  return options;
}

absl::Status PublishOneByOne(const Client& client,
                             const std::vector<TableVersion>& versions) {
  for (const TableVersion& version : versions) {
    const absl::Status status = client.PublishVersions({version}).status();
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace

int64_t ChangeMaker::Below(int64_t end) {
  return std::uniform_int_distribution<int64_t>(0, end - 1)(random_);
}

int64_t ChangeMaker::AnyTable() {
  const auto count = static_cast<int64_t>(options_.tables.size());
  return options_.tables[static_cast<size_t>(Below(count))];
}

int64_t ChangeMaker::AnyNumRows() {
  return Below(20) == 0 ? kManyRows : 1 + Below(kFewRows);
}

float ChangeMaker::NextNumber() {
  const int64_t number = number_;
  number_ += options_.step;
  return static_cast<float>(number);
}

Change ChangeMaker::Make(const TableStates& present) {
  using Try = std::optional<Change> (ChangeMaker::*)(const TableStates&);
  const struct {
    Try make;
    int64_t percent;
  } kinds[] = {{&ChangeMaker::TryUpsert, 66}, {&ChangeMaker::TryPublish, 12},
               {&ChangeMaker::TryImport, 10}, {&ChangeMaker::TryRollback, 6},
               {&ChangeMaker::TryCreate, 4},  {&ChangeMaker::TryDrop, 2}};
  while (true) {
    int64_t percent = Below(100);
    for (const auto& kind : kinds) {
      percent -= kind.percent;
      if (percent >= 0) continue;
      std::optional<Change> change = (this->*kind.make)(present);
      if (change) return *std::move(change);
      break;
    }
  }
}

std::optional<Change> ChangeMaker::TryCreate(const TableStates& present) {
  const int64_t table = AnyTable();
  if (present.count(table) > 0) return std::nullopt;
  const float number = -NextNumber();
  TableOptions options = OptionsOf(table, AnyNumRows());
  options.initializer.scheme = "constant";
  options.initializer.args["val"] = number;
  Change change = {"create", present, nullptr};
  change.next[table] = {{{1, NewVersion(true, options.num_rows, number)}}, 1};
  change.call = [options](const Client& client) {
    return client.CreateTable(options).status();
  };
  return change;
}

std::optional<Change> ChangeMaker::TryDrop(const TableStates& present) {
  const int64_t table = AnyTable();
  Change change = {"drop", present, nullptr};
  if (change.next.erase(table) == 0) return std::nullopt;
  change.call = [table](const Client& client) {
    return client.DropTable(TableName(table));
  };
  return change;
}

// Of one table or of several in one request.
std::optional<Change> ChangeMaker::TryUpsert(const TableStates& present) {
  const float number = NextNumber();
  Change change = {"upsert", present, nullptr};
  std::vector<RowValues> updates;
  for (auto& [table, state] : change.next) {
    if (state.current == 0 || Below(3) == 0) continue;
    updates.push_back(UpdateRows(table, number, state));
  }
  if (updates.empty()) return std::nullopt;
  const std::string id = absl::StrCat(static_cast<int64_t>(number));
  change.call = [updates, id](const Client& client) {
    return client.UpsertRows(updates, id).status();
  };
  change.is_done_once = true;
  return change;
}

RowValues ChangeMaker::UpdateRows(int64_t table, float number,
                                  TableState& state) {
  auto version = std::make_shared<VersionState>(*state.versions[state.current]);
  RowValues update;
  update.table = TableName(table);
  if (Below(2) == 0) update.expected_revision = version->revision;
  ++version->revision;
  const int64_t num_ids[] = {1, 3, 20};
  for (int64_t i = num_ids[Below(3)]; i > 0; --i) {
    const int64_t row = Below(static_cast<int64_t>(version->changes.size()));
    version->changes[static_cast<size_t>(row)] = number;
    update.ids.push_back(row);
    AppendRow(table, state.current, row, number, update.values);
  }
  state.versions[state.current] = std::move(version);
  return update;
}

// A new table, or the next version of one; published or not.
std::optional<Change> ChangeMaker::TryImport(const TableStates& present) {
  const int64_t table = AnyTable();
  const float number = NextNumber();
  const TableOptions options = OptionsOf(table, AnyNumRows());
  ImportOptions import_options;
  import_options.publish = Below(2) == 0;
  Change change = {"import", present, nullptr};
  TableState& state = change.next[table];
  const uint64_t version =
      state.versions.empty() ? 1 : state.versions.rbegin()->first + 1;
  const auto imported = NewVersion(false, options.num_rows, number);
  state.versions[version] = imported;
  if (import_options.publish) state.current = version;
  Retain(state);
  change.call = [=](const Client& client) {
    return client
        .ImportTable(options,
                     RowsFromValues(ElementsOf(table, version, *imported)),
                     import_options)
        .status();
  };
  return change;
}

// Of all tables in one step.
std::optional<Change> ChangeMaker::TryPublish(const TableStates& present) {
  if (present.size() < options_.tables.size()) return std::nullopt;
  Change change = {"publish", present, nullptr};
  std::vector<TableVersion> versions;
  bool changes_all = true;
  for (auto& [table, state] : change.next) {
    const auto count = static_cast<int64_t>(state.versions.size());
    const auto chosen = std::next(state.versions.begin(), Below(count));
    const uint64_t version = chosen->first;
    changes_all = changes_all && state.current != version;
    state.current = version;
    Retain(state);
    versions.push_back({TableName(table), version});
  }
  if (!changes_all) return std::nullopt;
  change.call = [versions, one_by_one = options_.publish_one_by_one](
                    const Client& client) {
    return one_by_one ? PublishOneByOne(client, versions)
                      : client.PublishVersions(versions).status();
  };
  return change;
}

std::optional<Change> ChangeMaker::TryRollback(const TableStates& present) {
  const int64_t table = AnyTable();
  Change change = {"rollback", present, nullptr};
  const auto found = change.next.find(table);
  if (found == change.next.end()) return std::nullopt;
  TableState& state = found->second;
  const auto current = state.versions.find(state.current);
  // None is current, or none is before it.
  if (current == state.versions.end() || current == state.versions.begin()) {
    return std::nullopt;
  }
  state.current = std::prev(current)->first;
  Retain(state);
  change.call = [table](const Client& client) {
    return client.RollbackTable(TableName(table)).status();
  };
  return change;
}

}  // namespace emb
