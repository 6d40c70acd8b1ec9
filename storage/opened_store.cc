#include "storage/opened_store.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/status_macros.h"
#include "storage/manifest.h"
#include "storage/record_format.h"

namespace emb {
namespace {

// Makes the store of a new directory. It appears as a whole: until the
// rename a crash leaves only what the next start removes.
absl::Status CreateStore(const DataDir& data_dir) {
  EMB_ASSIGN_OR_RETURN(std::unique_ptr<RocksEngine> engine,
                       RocksEngine::Create(data_dir.new_store_path()));
  EngineBatch batch;
  batch.records.emplace_back(kFormatRecordKey, EncodeFormatRecord());
  batch.records.emplace_back(kCommitRecordKey, EncodeCommitRecord({}));
  EMB_RETURN_IF_ERROR(engine->Write(batch));
  EMB_RETURN_IF_ERROR(engine->Flush());
  engine.reset();
  return data_dir.AdoptNewStore();
}

absl::Status ReadManifest(OpenedStore& store) {
  ManifestReader reader;
  EMB_RETURN_IF_ERROR(store.engine->ScanRecords(
      [&](absl::string_view key, absl::string_view value) {
        return reader.Add(key, value);
      }));
  EMB_ASSIGN_OR_RETURN(store.manifest, reader.Finish());
  store.next_generation = reader.commit().next_generation;
  return absl::OkStatus();
}

// Deletes what no record names.
absl::Status Sweep(OpenedStore& store) {
  const std::set<Generation> used = GenerationsOf(store.manifest);
  EMB_ASSIGN_OR_RETURN(const std::set<Generation> stored,
                       store.engine->ListGenerations());
  for (const Generation generation : stored) {
    // The commit record's bound is above them all; a store that was repaired
    // by hand may have lost it.
    store.next_generation = std::max(store.next_generation, generation + 1);
    if (used.contains(generation)) continue;
    EMB_RETURN_IF_ERROR(store.engine->DropGeneration(generation));
  }
  return MakeEmptyDirectory(store.ingest_dir);
}

absl::Status OpenIn(OpenedStore& store) {
  EMB_RETURN_IF_ERROR(store.data_dir->RemoveNewStore());
  if (!store.data_dir->has_store()) {
    EMB_RETURN_IF_ERROR(CreateStore(*store.data_dir));
  }
  return OpenExisting(store);
}

}  // namespace

absl::Status OpenExisting(OpenedStore& store) {
  const std::string path = store.data_dir->store_path();
  store.ingest_dir = path + "/ingest-tmp";
  EMB_ASSIGN_OR_RETURN(store.engine, RocksEngine::Open(path));
  EMB_RETURN_IF_ERROR(ReadManifest(store));
  EMB_RETURN_IF_ERROR(MakeEmptyDirectory(path + "/backup-tmp"));
  return Sweep(store);
}

absl::StatusOr<CommitRecord> ReadCommitRecord(RocksEngine& engine) {
  absl::StatusOr<CommitRecord> found =
      absl::DataLossError("the commit record is missing");
  EMB_RETURN_IF_ERROR(engine.ScanRecords(
      [&](absl::string_view key, absl::string_view value) -> absl::Status {
        if (key == kCommitRecordKey) found = DecodeCommitRecord(value);
        return absl::OkStatus();
      }));
  return found;
}

absl::StatusOr<OpenedStore> OpenStore(const std::string& path) {
  OpenedStore store;
  EMB_ASSIGN_OR_RETURN(store.data_dir, DataDir::Open(path));
  const absl::Status status = OpenIn(store);
  if (status.ok()) return store;
  return absl::Status(status.code(), absl::StrCat("data_dir \"", path,
                                                  "\": ", status.message()));
}

}  // namespace emb
