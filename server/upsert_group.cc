#include "server/upsert_group.h"

#include <cstring>
#include <memory>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/renormalise.h"
#include "core/row_encoder.h"
#include "core/status_macros.h"
#include "core/table_update.h"

namespace emb {
namespace {

// `path` is such as `updates[0].ids[3]`, `complaint` such as ` = 9, want ...`.
absl::Status FieldError(absl::StatusCode code, absl::string_view path,
                        absl::string_view complaint) {
  return {code, absl::StrCat(path, complaint)};
}

absl::Status InvalidField(absl::string_view path, absl::string_view complaint) {
  return FieldError(absl::StatusCode::kInvalidArgument, path, complaint);
}

std::string PathOf(size_t update, absl::string_view field) {
  return absl::StrCat("updates[", update, "].", field);
}

absl::Status CheckIds(const RowUpdate& update, const TableSpec& spec,
                      size_t index) {
  for (size_t i = 0; i < update.ids.size(); ++i) {
    const int64_t id = update.ids[i];
    const auto path = [&] {
      return PathOf(index, absl::StrCat("ids[", i, "]"));
    };
    if (id < 0 || id >= spec.num_rows) {
      return FieldError(absl::StatusCode::kOutOfRange, path(),
                        absl::StrCat(" = ", id, ", want [0, ", spec.num_rows,
                                     ") of table \"", spec.name, "\""));
    }
    if (id == spec.padding_idx) {
      return InvalidField(
          path(), absl::StrCat(" = ", id, " is the padding row of table \"",
                               spec.name, "\", which cannot be written"));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckValues(const RowUpdate& update, const TableSpec& spec,
                         size_t index) {
  const uint64_t want = static_cast<uint64_t>(update.ids.size()) *
                        static_cast<uint64_t>(spec.row_format().float_bytes());
  if (update.values.size() == want) return absl::OkStatus();
  return InvalidField(
      PathOf(index, "values"),
      absl::StrCat(": ", update.values.size(), " bytes, want ", want, " for ",
                   update.ids.size(), " rows of ", spec.dim, " float32"));
}

// Names the update in what was found wrong with it.
absl::Status InUpdate(size_t index, const absl::Status& status) {
  return FieldError(status.code(), absl::StrCat("updates[", index, "]"),
                    absl::StrCat(": ", status.message()));
}

// Rows as the table stores them.
absl::StatusOr<std::vector<std::byte>> EncodeRows(const RowUpdate& update,
                                                  const TableSpec& spec) {
  const auto row_bytes = static_cast<size_t>(spec.row_bytes());
  std::vector<std::byte> rows(update.ids.size() * row_bytes);
  RowEncoder encoder(spec.row_format());
  std::vector<float> row(static_cast<size_t>(spec.dim));
  const size_t float_bytes = row.size() * sizeof(float);
  for (size_t i = 0; i < update.ids.size(); ++i) {
    std::memcpy(row.data(), update.values.data() + i * float_bytes,
                float_bytes);
    if (spec.max_norm.has_value()) {
      RenormaliseRow({*spec.max_norm, spec.norm_type}, absl::MakeSpan(row));
    }
    const absl::Status encoded = encoder.Encode(
        row, absl::MakeSpan(rows).subspan(i * row_bytes, row_bytes));
    if (!encoded.ok()) {
      return absl::Status(encoded.code(), absl::StrCat("values, row ", i, ", ",
                                                       encoded.message()));
    }
  }
  return rows;
}

}  // namespace

absl::StatusOr<TablePtr> UpsertGroup::Check(const RowUpdate& update) const {
  EMB_RETURN_IF_ERROR(snapshot_.Find(update.table, 0).status());
  const TablePtr& table = snapshot_.tables.at(update.table);
  const auto earlier = targets_.find(update.table);
  const int64_t revision = earlier == targets_.end() ? table->record.revision
                                                     : earlier->second.revision;
  if (update.expected_revision.value_or(revision) != revision) {
    return absl::AbortedError(absl::StrCat(
        "table \"", update.table, "\" is at revision ", revision, ", want ",
        *update.expected_revision, " as expected_revision says"));
  }
  return table;
}

// Old rows live until their last reader is done: whoever holds a snapshot for
// long while many rows change makes a table grow.
absl::Status UpsertGroup::CheckRoom(const Target& part) const {
  const int64_t growth = UpdateGrowthBytes(*part.base->rows, part.ids);
  return growth == 0 ? absl::OkStatus() : deps_.budget.Reserve(growth).status();
}

// Charged when it has been made: a group that is not committed costs nothing.
std::shared_ptr<const Table> UpsertGroup::Update(const Target& target) const {
  const Table& base = *target.base->rows;
  const int64_t before = base.arena_bytes();
  auto rows = deps_.reclaimer.Share(UpdateRows(base, target.ids, target.rows));
  auto charge = deps_.budget.Reserve(rows->arena_bytes() - before);
  if (charge.ok()) {
    rows->KeepWithMemory(
        std::make_shared<MemoryBudget::Reservation>(*std::move(charge)));
  }
  return rows;
}

absl::StatusOr<UpsertGroup::Target> UpsertGroup::Encode(
    const RowUpdate& update) const {
  Target target;
  EMB_ASSIGN_OR_RETURN(target.base, Check(update));
  EMB_ASSIGN_OR_RETURN(target.rows,
                       EncodeRows(update, target.base->record.spec));
  target.ids.assign(update.ids.begin(), update.ids.end());
  EMB_RETURN_IF_ERROR(CheckRoom(target));
  return target;
}

absl::StatusOr<std::vector<UpsertResult::Table>> UpsertGroup::Add(
    const UpsertRequest& request) {
  if (request.updates.empty()) {
    return InvalidField("updates", ": there are none, want one");
  }
  // All of it is checked before any of it is taken.
  std::map<std::string, Target> parts;
  for (size_t i = 0; i < request.updates.size(); ++i) {
    const RowUpdate& update = request.updates[i];
    if (parts.contains(update.table)) {
      return InvalidField(PathOf(i, "table"),
                          absl::StrCat(": \"", update.table,
                                       "\" is named twice, want it once"));
    }
    const auto table = Check(update);
    if (!table.ok()) return InUpdate(i, table.status());
    EMB_RETURN_IF_ERROR(CheckIds(update, (*table)->record.spec, i));
    EMB_RETURN_IF_ERROR(CheckValues(update, (*table)->record.spec, i));
    auto target = Encode(update);
    if (!target.ok()) return InUpdate(i, target.status());
    parts.emplace(update.table, *std::move(target));
  }
  std::vector<UpsertResult::Table> results;
  for (const RowUpdate& update : request.updates) {
    Target& part = parts.at(update.table);
    Target& whole = targets_[update.table];
    if (whole.base == nullptr) {
      whole.base = part.base;
      whole.revision = part.base->record.revision;
    }
    ++whole.revision;
    whole.ids.insert(whole.ids.end(), part.ids.begin(), part.ids.end());
    whole.rows.insert(whole.rows.end(), part.rows.begin(), part.rows.end());
    results.push_back({whole.base->record.version, whole.revision});
  }
  return results;
}

Edit UpsertGroup::MakeEdit() const {
  Edit edit;
  for (const auto& [name, target] : targets_) {
    VersionRecord record = target.base->record;
    record.revision = target.revision;
    edit.patches.push_back({record.generation, target.ids, target.rows});
    const auto fold = deps_.fold_targets.find(record.generation);
    if (fold != deps_.fold_targets.end()) {
      edit.patches.push_back({fold->second, target.ids, target.rows});
    }
    edit.replace.push_back(std::move(record));
  }
  return edit;
}

std::vector<Registry::Change> UpsertGroup::Apply() && {
  std::vector<Registry::Change> changes;
  for (auto& [name, target] : targets_) {
    auto served = std::make_shared<ServedTable>(*target.base);
    served->record.revision = target.revision;
    served->rows = Update(target);
    served->updated_digest = std::make_shared<LazyDigest>();
    served->num_patches += static_cast<int64_t>(target.ids.size());
    changes.push_back(snapshot_.Replacing(target.base, std::move(served)));
  }
  return changes;
}

}  // namespace emb
