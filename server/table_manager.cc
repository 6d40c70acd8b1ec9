#include "server/table_manager.h"

#include <utility>
#include <vector>

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

// Only a padding_idx that was kept can be wrong now: fewer rows came.
absl::StatusOr<TableSpec> NextVersionSpec(const ImportRequest& request,
                                          const TableSpec& before) {
  auto spec = MakeTableSpec(SpecOfNextVersion(request, before));
  if (spec.ok()) return spec;
  return absl::FailedPreconditionError(absl::StrCat(
      spec.status().message(), "; table \"", before.name,
      "\" has it, give another padding_idx or none (no_padding_idx)"));
}

}  // namespace

TableManager::TableManager(Dependencies dependencies)
    : deps_(std::move(dependencies)) {}

absl::StatusOr<TableSpec> TableManager::CheckSpec(const TableSpec& spec) const {
  EMB_ASSIGN_OR_RETURN(TableSpec valid, MakeTableSpec(spec));
  if (valid.dim > deps_.limits.dim_max) {
    return absl::InvalidArgumentError(
        absl::StrCat("dim: ", valid.dim, ", want at most ",
                     deps_.limits.dim_max, " (--dim_max)"));
  }
  return valid;
}

absl::Status TableManager::CheckRoomForTable(const Snapshot& snapshot) const {
  const auto tables = static_cast<int64_t>(snapshot.Names().size());
  if (tables < deps_.limits.tables_max) return absl::OkStatus();
  return absl::ResourceExhaustedError(
      absl::StrCat("tables: there are ", tables, ", want at most ",
                   deps_.limits.tables_max, " (--tables_max)"));
}

absl::Status TableManager::CheckIsNew(const std::string& name) const {
  const auto snapshot = deps_.registry.snapshot();
  if (snapshot->CurrentOrNewest(name) != nullptr) {
    return absl::AlreadyExistsError(
        absl::StrCat("table \"", name, "\": exists already"));
  }
  return CheckRoomForTable(*snapshot);
}

absl::StatusOr<TablePtr> TableManager::Create(
    const TableSpec& spec, const std::function<bool()>& cancelled) {
  EMB_ASSIGN_OR_RETURN(const TableSpec valid, CheckSpec(spec));
  // Before the claim, which may send an upload away, and with it.
  EMB_RETURN_IF_ERROR(CheckIsNew(valid.name));
  EMB_RETURN_IF_ERROR(deps_.budget.CheckFits(
      TableWriter::MemoryBytes(valid, TableWriter::Keep::kInMemory)));
  EMB_ASSIGN_OR_RETURN(
      const NameClaims::Claim claim,
      deps_.claims.Take({valid.name}, absl::StatusCode::kAlreadyExists));
  EMB_RETURN_IF_ERROR(CheckIsNew(valid.name));
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
  return Add(*writer, /*publish=*/true);
}

absl::StatusOr<TableManager::NextVersion> TableManager::PlanImport(
    const ImportRequest& request) const {
  NextVersion next;
  EMB_ASSIGN_OR_RETURN(next.spec, CheckSpec(request.spec));
  const std::string name = next.spec.name;
  const auto snapshot = deps_.registry.snapshot();
  const std::vector<TablePtr> versions = snapshot->VersionsOf(name);
  if (!versions.empty()) {
    const VersionRecord& newest = versions.back()->record;
    EMB_RETURN_IF_ERROR(CheckSameKind(newest.spec, next.spec));
    EMB_ASSIGN_OR_RETURN(
        next.spec,
        NextVersionSpec(request, snapshot->CurrentOrNewest(name)->record.spec));
    next.version = newest.version + 1;
  } else {
    EMB_RETURN_IF_ERROR(CheckRoomForTable(*snapshot));
  }
  // Nobody reads what is not current, and two versions may not fit.
  const bool beside = deps_.swap_policy == SwapPolicy::kLoadFirst ||
                      snapshot->tables.count(name) == 0;
  next.publish = request.publish && beside;
  next.keep = next.publish ? TableWriter::Keep::kInMemory
                           : TableWriter::Keep::kOnDiskOnly;
  return next;
}

absl::StatusOr<std::unique_ptr<TableManager::Import>> TableManager::StartImport(
    const ImportRequest& request) {
  // Before the claim, which may send an upload away, and with it.
  EMB_ASSIGN_OR_RETURN(NextVersion next, PlanImport(request));
  EMB_RETURN_IF_ERROR(
      deps_.budget.CheckFits(TableWriter::MemoryBytes(next.spec, next.keep)));
  EMB_ASSIGN_OR_RETURN(NameClaims::Claim claim,
                       deps_.claims.Take({next.spec.name}));
  EMB_ASSIGN_OR_RETURN(next, PlanImport(request));
  EMB_ASSIGN_OR_RETURN(std::unique_ptr<TableWriter> writer,
                       TableWriter::Start(next.spec, next.version, deps_.store,
                                          deps_.budget, next.keep));
  return absl::WrapUnique(
      new Import(*this, std::move(claim), std::move(writer), next.publish));
}

absl::StatusOr<TablePtr> TableManager::Add(TableWriter& writer, bool publish) {
  EMB_ASSIGN_OR_RETURN(TableWriter::Result made, writer.Finish());
  auto added = std::make_shared<ServedTable>();
  added->record = std::move(made.record);
  added->record.created_at = deps_.now();
  if (made.rows != nullptr) {
    added->rows = deps_.reclaimer.Share(std::move(made.rows),
                                        std::move(made.reservation));
  }
  const VersionRecord& record = added->record;
  const std::string& name = record.spec.name;
  const auto plan =
      [&](const Snapshot& snapshot) -> absl::StatusOr<Committer::Plan> {
    std::vector<TablePtr> versions = snapshot.VersionsOf(name);
    // Again: others may have come since this one began.
    if (versions.empty()) EMB_RETURN_IF_ERROR(CheckRoomForTable(snapshot));
    const auto found = snapshot.tables.find(name);
    int64_t current =
        found == snapshot.tables.end() ? 0 : found->second->record.version;
    Committer::Plan todo;
    todo.edit.add = {record};
    if (publish) {
      current = record.version;
      todo.edit.publish = {{name, current}};
    }
    versions.push_back(added);
    PlanVersions(name, versions, current, deps_.retention, record.created_at,
                 todo);
    return todo;
  };
  const auto epoch = deps_.committer.Commit(plan);
  if (!epoch.ok()) {
    deps_.store.DeleteGeneration(record.generation).IgnoreError();
    return epoch.status();
  }
  return added;
}

absl::Status TableManager::Drop(const std::string& name) {
  const auto before = deps_.registry.snapshot();
  if (before->VersionsOf(name).empty()) return before->Find(name, 0).status();
  EMB_ASSIGN_OR_RETURN(const NameClaims::Claim claim,
                       deps_.claims.Take({name}));
  const auto plan =
      [&](const Snapshot& snapshot) -> absl::StatusOr<Committer::Plan> {
    const std::vector<TablePtr> versions = snapshot.VersionsOf(name);
    if (versions.empty()) return snapshot.Find(name, 0).status();
    Committer::Plan todo;
    for (const TablePtr& version : versions) {
      todo.edit.remove.push_back({name, version->record.version});
      todo.garbage.push_back(version->record.generation);
    }
    todo.changes = {{name, nullptr}};
    return todo;
  };
  return deps_.committer.Commit(plan).status();
}

absl::StatusOr<TablePtr> TableManager::Import::Finish() {
  return manager_.Add(*writer_, publish_);
}

}  // namespace emb
