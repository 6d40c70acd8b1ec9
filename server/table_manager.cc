#include "server/table_manager.h"

#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "core/fill.h"
#include "core/status_macros.h"
#include "server/idle_priority.h"
#include "server/thread_team.h"

namespace emb {
namespace {

// From this size on a fill is worth the start of threads.
constexpr int64_t kParallelFillMin = 8 * kFillPiece;

// Draws the table's rows into the writer, until that fails or the caller is
// gone.
absl::Status AppendInitialRows(const TableSpec& spec, int num_threads,
                               const std::function<bool()>& cancelled,
                               TableWriter& writer) {
  absl::Status status;
  const auto give_up = [&] {
    if (cancelled()) status.Update(absl::CancelledError("the caller has gone"));
    return !status.ok();
  };
  const auto append = [&](int64_t, absl::Span<const float> values) {
    status.Update(
        writer.Append({reinterpret_cast<const std::byte*>(values.data()),
                       values.size() * sizeof(float)}));
  };
  ThreadTeam team(num_threads);
  const auto parallel = [&](int64_t count, ThreadTeam::Task task) {
    team.Run(count, task);
  };
  TorchMt19937 generator(spec.seed);
  FillMatrix<float>(*spec.initializer, spec.num_rows, spec.dim, generator,
                    {append, give_up, parallel, num_threads});
  return status;
}

absl::Status CheckSameKind(const TableSpec& old_spec,
                           const TableSpec& new_spec) {
  if (old_spec.dim != new_spec.dim) {
    return absl::FailedPreconditionError(absl::StrCat(
        "dim: ", new_spec.dim, ", want ", old_spec.dim,
        " as in the versions before of table \"", old_spec.name, "\""));
  }
  if (old_spec.dtype != new_spec.dtype) {
    return absl::FailedPreconditionError(absl::StrCat(
        "dtype: ", DTypeName(new_spec.dtype), ", want ",
        DTypeName(old_spec.dtype), " as in the versions before of table \"",
        old_spec.name, "\""));
  }
  return absl::OkStatus();
}

}  // namespace

TableManager::TableManager(Dependencies dependencies)
    : deps_(std::move(dependencies)) {}

absl::Status TableManager::Claim(const std::string& name,
                                 absl::StatusCode if_taken) {
  MutexLock lock(claims_mutex_);
  if (claims_.insert(name).second) return absl::OkStatus();
  return {if_taken,
          absl::StrCat("table \"", name, "\": a change is in progress")};
}

void TableManager::Release(const std::string& name) {
  MutexLock lock(claims_mutex_);
  claims_.erase(name);
}

absl::StatusOr<TableSpec> TableManager::CheckSpec(const TableSpec& spec) const {
  EMB_ASSIGN_OR_RETURN(TableSpec valid, MakeTableSpec(spec));
  if (valid.dim > deps_.limits.dim_max) {
    return absl::InvalidArgumentError(absl::StrCat(
        "dim: ", valid.dim, ", want at most ", deps_.limits.dim_max));
  }
  return valid;
}

absl::Status TableManager::CheckRoomForTable() const {
  const auto tables =
      static_cast<int64_t>(deps_.registry.snapshot()->tables.size());
  if (tables < deps_.limits.tables_max) return absl::OkStatus();
  return absl::ResourceExhaustedError(absl::StrCat("tables: there are ", tables,
                                                   ", want at most ",
                                                   deps_.limits.tables_max));
}

absl::StatusOr<TableManager::TablePtr> TableManager::Create(
    const TableSpec& spec, const std::function<bool()>& cancelled) {
  EMB_ASSIGN_OR_RETURN(const TableSpec valid, CheckSpec(spec));
  EMB_RETURN_IF_ERROR(Claim(valid.name, absl::StatusCode::kAlreadyExists));
  const auto release = absl::MakeCleanup([&] { Release(valid.name); });
  if (deps_.registry.snapshot()->tables.contains(valid.name)) {
    return absl::AlreadyExistsError(
        absl::StrCat("table \"", valid.name, "\": exists already"));
  }
  EMB_RETURN_IF_ERROR(CheckRoomForTable());
  const bool large = valid.num_rows * valid.dim >= kParallelFillMin;
  const int num_threads = large ? deps_.fill_threads : 1;
  EMB_ASSIGN_OR_RETURN(
      const MemoryBudget::Reservation scratch,
      deps_.budget.Reserve(FillScratchBytes(*valid.initializer, valid.num_rows,
                                            valid.dim, num_threads)));
  EMB_ASSIGN_OR_RETURN(const std::unique_ptr<TableWriter> writer,
                       TableWriter::Start(valid, 1, deps_.store, deps_.budget));
  // Not the publishing: lookups may wait for that.
  absl::Status filled;
  RunAtIdlePriority([&] {
    filled = AppendInitialRows(valid, num_threads, cancelled, *writer);
  });
  EMB_RETURN_IF_ERROR(filled);
  return Publish(*writer);
}

absl::StatusOr<std::unique_ptr<TableManager::Import>> TableManager::StartImport(
    const TableSpec& spec) {
  EMB_ASSIGN_OR_RETURN(const TableSpec valid, CheckSpec(spec));
  EMB_RETURN_IF_ERROR(Claim(valid.name, absl::StatusCode::kAborted));
  auto release = absl::MakeCleanup([&] { Release(valid.name); });
  int64_t version = 1;
  const auto snapshot = deps_.registry.snapshot();
  const auto found = snapshot->tables.find(valid.name);
  if (found != snapshot->tables.end()) {
    const VersionRecord& current = found->second->record;
    EMB_RETURN_IF_ERROR(CheckSameKind(current.spec, valid));
    version = current.version + 1;
  } else {
    EMB_RETURN_IF_ERROR(CheckRoomForTable());
  }
  EMB_ASSIGN_OR_RETURN(
      std::unique_ptr<TableWriter> writer,
      TableWriter::Start(valid, version, deps_.store, deps_.budget));
  std::move(release).Cancel();  // The import's destructor does it.
  return absl::WrapUnique(new Import(*this, std::move(writer), valid.name));
}

absl::StatusOr<TableManager::TablePtr> TableManager::Publish(
    TableWriter& writer) {
  EMB_ASSIGN_OR_RETURN(TableWriter::Result made, writer.Finish());
  made.record.created_at = deps_.now();
  const std::string& name = made.record.spec.name;
  const auto table = std::make_shared<const ServedTable>(ServedTable{
      made.record,
      deps_.reclaimer.Share(std::move(made.rows), std::move(made.reservation)),
      absl::OkStatus()});

  TablePtr old_table;
  {
    MutexLock lock(commit_mutex_);
    const auto snapshot = deps_.registry.snapshot();
    const auto found = snapshot->tables.find(name);
    Edit edit = {.add = {made.record},
                 .publish = {{name, made.record.version}}};
    if (found != snapshot->tables.end()) {
      old_table = found->second;
      edit.remove = {{name, old_table->record.version}};
    }
    // Again: others may have come since this one began.
    const absl::Status room =
        old_table == nullptr ? CheckRoomForTable() : absl::OkStatus();
    const auto epoch =
        room.ok() ? deps_.store.Commit(edit) : absl::StatusOr<uint64_t>(room);
    if (!epoch.ok()) {
      deps_.store.DeleteGeneration(made.record.generation).IgnoreError();
      return epoch.status();
    }
    deps_.registry.Apply(*epoch, {{name, table}});
  }
  if (old_table != nullptr) {
    // If this fails, the next start of the store deletes it.
    deps_.store.DeleteGeneration(old_table->record.generation).IgnoreError();
  }
  return table;
}

absl::Status TableManager::Drop(const std::string& name) {
  EMB_RETURN_IF_ERROR(Claim(name, absl::StatusCode::kAborted));
  const auto release = absl::MakeCleanup([&] { Release(name); });
  TablePtr table;
  {
    MutexLock lock(commit_mutex_);
    const auto snapshot = deps_.registry.snapshot();
    const auto found = snapshot->tables.find(name);
    if (found == snapshot->tables.end()) {
      return snapshot->Find(name, 0).status();
    }
    table = found->second;
    EMB_ASSIGN_OR_RETURN(
        const uint64_t epoch,
        deps_.store.Commit({.remove = {{name, table->record.version}}}));
    deps_.registry.Apply(epoch, {{name, nullptr}});
  }
  // If this fails, the next start of the store deletes it.
  deps_.store.DeleteGeneration(table->record.generation).IgnoreError();
  return absl::OkStatus();
}

TableManager::Import::Import(TableManager& manager,
                             std::unique_ptr<TableWriter> writer,
                             std::string name)
    : manager_(manager), writer_(std::move(writer)), name_(std::move(name)) {}

TableManager::Import::~Import() {
  // What was written goes before the name is free for another import.
  writer_.reset();
  manager_.Release(name_);
}

absl::StatusOr<TableManager::TablePtr> TableManager::Import::Finish() {
  return manager_.Publish(*writer_);
}

}  // namespace emb
