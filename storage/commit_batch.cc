#include "storage/commit_batch.h"

#include <optional>
#include <set>
#include <string>
#include <utility>

#include "core/status_macros.h"
#include "storage/manifest.h"

namespace emb {
namespace {

absl::Status PutVersions(const Edit& edit, EngineBatch& batch) {
  for (const auto* const records : {&edit.add, &edit.replace}) {
    for (const VersionRecord& record : *records) {
      EMB_ASSIGN_OR_RETURN(std::string value, EncodeReadableRecord(record));
      batch.records.emplace_back(
          VersionRecordKey(record.spec.name, record.version), std::move(value));
    }
  }
  for (const VersionKey& key : edit.remove) {
    batch.records.emplace_back(VersionRecordKey(key.table, key.version),
                               std::nullopt);
  }
  return absl::OkStatus();
}

// Which version is current, of every table that this may have changed.
void PutCurrent(const Edit& edit, const Manifest& next, EngineBatch& batch) {
  std::set<std::string> tables;
  for (const VersionKey& key : edit.publish) tables.insert(key.table);
  for (const VersionKey& key : edit.remove) tables.insert(key.table);
  for (const std::string& table : tables) {
    const VersionKey* current = FindCurrentVersion(next, table);
    batch.records.emplace_back(
        CurrentRecordKey(table),
        current == nullptr
            ? std::nullopt
            : std::optional(EncodeCurrentRecord(current->version)));
  }
}

void PutPatches(const Edit& edit, EngineBatch& batch) {
  for (const RowPatches& patches : edit.patches) {
    if (patches.rows.empty()) continue;
    const size_t row_bytes = patches.bytes.size() / patches.rows.size();
    for (size_t i = 0; i < patches.rows.size(); ++i) {
      batch.patches.emplace_back(
          PatchKey(patches.generation, patches.rows[i]),
          EncodePatch({patches.generation, patches.rows[i]},
                      patches.bytes.subspan(i * row_bytes, row_bytes)));
    }
  }
}

}  // namespace

absl::StatusOr<EngineBatch> MakeCommitBatch(const Edit& edit,
                                            const Manifest& next,
                                            Generation next_generation) {
  EngineBatch batch;
  batch.sync = edit.sync;
  EMB_RETURN_IF_ERROR(PutVersions(edit, batch));
  PutCurrent(edit, next, batch);
  PutPatches(edit, batch);
  for (AppliedRequest request : edit.requests) {
    request.epoch = next.epoch;
    batch.records.emplace_back(RequestRecordKey(request.number),
                               EncodeRequestRecord(request));
  }
  batch.records.emplace_back(
      kCommitRecordKey,
      EncodeCommitRecord(
          {.epoch = next.epoch, .next_generation = next_generation}));
  return batch;
}

}  // namespace emb
