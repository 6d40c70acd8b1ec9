#include "server/folder.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "core/status_macros.h"
#include "server/idle_priority.h"

namespace emb {
namespace {

// Worth a new copy: as many rows were written as half the table has.
bool IsWorthwhile(const ServedTable& table) {
  return table.rows != nullptr &&
         table.num_patches >= (table.record.spec.num_rows + 1) / 2;
}

// The version as it is now, wherever its rows lie; null: it is gone.
TablePtr FindSame(const Snapshot& snapshot, const VersionRecord& record) {
  for (const TablePtr& version : snapshot.VersionsOf(record.spec.name)) {
    if (version->record.generation == record.generation) return version;
  }
  return nullptr;
}

}  // namespace

Folder::Folder(Dependencies dependencies)
    : deps_(std::move(dependencies)),
      started_at_(deps_.now()),
      thread_([this] { Run(); }) {}

void Folder::Stop() {
  {
    MutexLock lock(mutex_);
    stopped_ = true;
    changed_.NotifyAll();
  }
  {
    MutexLock lock(pace_mutex_);
    giving_up_ = true;
    pace_changed_.NotifyAll();
  }
  if (thread_.joinable()) thread_.join();
}

void Folder::Notice() {
  MutexLock lock(mutex_);
  noticed_ = true;
  changed_.NotifyAll();
}

void Folder::Run() {
  while (true) {
    std::optional<absl::Duration> wait;
    if (const auto name = FindDue(wait)) {
      const absl::Time start = deps_.now();
      const absl::Status status = Fold(*name);
      const absl::Time end = deps_.now();
      {
        MutexLock lock(mutex_);
        folded_at_[*name] = end;  // Failed or not: not again at once.
      }
      deps_.on_fold(*name, status, end - start);
    } else {
      MutexLock lock(mutex_);
      if (!stopped_ && !noticed_) {
        if (wait.has_value()) {
          changed_.WaitFor(mutex_, absl::ToDoubleSeconds(*wait));
        } else {
          changed_.Wait(mutex_);
        }
      }
      noticed_ = false;
    }
    MutexLock lock(mutex_);
    if (stopped_) return;
  }
}

std::optional<std::string> Folder::FindDue(
    std::optional<absl::Duration>& wait) {
  const auto snapshot = deps_.registry.snapshot();
  const absl::Time now = deps_.now();
  MutexLock lock(mutex_);
  for (const auto& [name, table] : snapshot->tables) {
    if (!IsWorthwhile(*table)) continue;
    const auto before = folded_at_.try_emplace(name, started_at_).first;
    const absl::Duration left = before->second + deps_.interval - now;
    if (left <= absl::ZeroDuration()) return name;
    wait = wait.has_value() ? std::min(*wait, left) : left;
  }
  return std::nullopt;
}

absl::Status Folder::Fold(const std::string& name) {
  EMB_ASSIGN_OR_RETURN(const Generation target, deps_.store.NewGeneration());
  const auto table = Begin(name, target);
  if (!table.ok()) {
    deps_.store.DeleteGeneration(target).IgnoreError();
    return table.status();
  }
  VersionRecord folded = (*table)->record;
  folded.generation = target;
  folded.folded_revision = folded.revision;
  absl::Status status;
  RunAtIdlePriority([&] { status = WriteChunks(**table, folded); });
  if (status.ok()) status = Finish(**table, folded);
  if (!status.ok()) {
    GiveUp(**table);
    deps_.store.DeleteGeneration(target).IgnoreError();
  }
  return status;
}

// From here on patches go to the target too.
absl::StatusOr<TablePtr> Folder::Begin(const std::string& name,
                                       Generation target) {
  TablePtr table;
  const auto plan = [&](const Snapshot& snapshot)
      -> absl::StatusOr<std::optional<Committer::Plan>> {
    EMB_RETURN_IF_ERROR(snapshot.Find(name, 0).status());
    table = snapshot.tables.at(name);
    deps_.targets[table->record.generation] = target;
    return std::nullopt;
  };
  EMB_RETURN_IF_ERROR(deps_.committer.Commit(plan).status());
  return table;
}

absl::Status Folder::WriteChunks(const ServedTable& table,
                                 VersionRecord& folded) {
  const TableSpec& spec = folded.spec;
  TableDigester digester(spec.num_rows, spec.dim, spec.dtype);
  std::vector<std::byte> chunk;
  for (int64_t number = 0; number < folded.num_chunks(); ++number) {
    chunk.clear();
    const int64_t end = folded.chunk_end(number);
    for (int64_t row = folded.chunk_begin(number); row < end;) {
      const auto rows = table.rows->ContiguousRows(row, end - row);
      chunk.insert(chunk.end(), rows.begin(), rows.end());
      row += static_cast<int64_t>(rows.size()) / spec.row_bytes();
    }
    digester.Update(chunk);
    EMB_RETURN_IF_ERROR(
        deps_.store.WriteChunk(folded.generation, number, chunk));
    EMB_RETURN_IF_ERROR(Pace(static_cast<int64_t>(chunk.size())));
  }
  folded.digest = digester.Finish();
  return absl::OkStatus();
}

// Waits for as long as these bytes may take.
absl::Status Folder::Pace(int64_t bytes) {
  const absl::Time end =
      absl::Now() + absl::Seconds(1) * bytes / deps_.bytes_per_second;
  MutexLock lock(pace_mutex_);
  while (!giving_up_ && absl::Now() < end) {
    pace_changed_.WaitFor(pace_mutex_,
                          absl::ToDoubleSeconds(end - absl::Now()));
  }
  return giving_up_ ? absl::CancelledError("the server is stopping")
                    : absl::OkStatus();
}

absl::Status Folder::Finish(const ServedTable& table,
                            const VersionRecord& folded) {
  const auto plan = [&](const Snapshot& snapshot)
      -> absl::StatusOr<std::optional<Committer::Plan>> {
    const TablePtr now = FindSame(snapshot, table.record);
    if (now == nullptr) {
      return absl::NotFoundError(absl::StrCat("table \"", folded.spec.name,
                                              "\": the version is gone"));
    }
    auto moved = std::make_shared<ServedTable>(*now);
    moved->record.generation = folded.generation;
    moved->record.folded_revision = folded.folded_revision;
    moved->record.digest = folded.digest;
    moved->num_patches = now->num_patches - table.num_patches;
    Committer::Plan todo;
    todo.edit.replace = {moved->record};
    todo.garbage = {table.record.generation};
    todo.changes = {snapshot.Replacing(now, moved)};
    todo.apply = [&, changes = todo.changes] {
      deps_.targets.erase(table.record.generation);
      return changes;
    };
    return todo;
  };
  return deps_.committer.Commit(plan).status();
}

void Folder::GiveUp(const ServedTable& table) {
  const auto plan =
      [&](const Snapshot&) -> absl::StatusOr<std::optional<Committer::Plan>> {
    deps_.targets.erase(table.record.generation);
    return std::nullopt;
  };
  deps_.committer.Commit(plan).status().IgnoreError();
}

}  // namespace emb
