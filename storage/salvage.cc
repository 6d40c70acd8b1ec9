#include "storage/salvage.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/status_macros.h"
#include "storage/data_dir.h"
#include "storage/pacer.h"
#include "storage/record_format.h"
#include "storage/rocks_engine.h"
#include "storage/rocks_table_store.h"
#include "storage/verify_version.h"

namespace emb {
namespace {

namespace fs = std::filesystem;

absl::Status CopyTree(const std::string& from, const std::string& to) {
  std::error_code error;
  fs::copy(from, to, fs::copy_options::recursive, error);
  if (!error) return absl::OkStatus();
  const std::string text =
      absl::StrCat("copy \"", from, "\" to \"", to, "\": ", error.message());
  return error == std::errc::no_space_on_device
             ? absl::ResourceExhaustedError(text)
             : absl::InternalError(text);
}

// The latest commit record anywhere in a file, whole or torn around it.
uint64_t LatestEpochIn(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  const std::string sample = EncodeCommitRecord({});
  const absl::string_view begin = absl::string_view(sample).substr(0, 5);
  uint64_t latest = 0;
  for (size_t at = bytes.find(begin.data(), 0, begin.size());
       at != std::string::npos;
       at = bytes.find(begin.data(), at + 1, begin.size())) {
    const auto record =
        DecodeCommitRecord(absl::string_view(bytes).substr(at, sample.size()));
    if (record.ok()) latest = std::max(latest, record->epoch);
  }
  return latest;
}

uint64_t LatestEpochInLogs(const std::string& store_path) {
  uint64_t latest = 0;
  std::error_code error;
  fs::directory_iterator entry(store_path, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    if (entry->path().extension() != ".log") continue;
    latest = std::max(latest, LatestEpochIn(entry->path()));
  }
  return latest;
}

// Makes the copy, as a whole or not at all, and lets go of both directories.
absl::Status CopyStore(const std::string& data_dir, const std::string& copy_dir,
                       SalvagedStore& found) {
  std::error_code error;
  if (!fs::is_directory(data_dir, error)) {
    return absl::NotFoundError(absl::StrCat(data_dir, ": no directory"));
  }
  EMB_ASSIGN_OR_RETURN(const auto source, DataDir::Open(data_dir));
  if (!source->has_store()) {
    return absl::NotFoundError(absl::StrCat(data_dir, ": holds no store"));
  }
  EMB_ASSIGN_OR_RETURN(const auto target, DataDir::Open(copy_dir));
  if (target->has_store()) {
    return absl::FailedPreconditionError(
        absl::StrCat(copy_dir, ": holds a store, want an empty directory"));
  }
  EMB_RETURN_IF_ERROR(target->RemoveNewStore());
  EMB_RETURN_IF_ERROR(CopyTree(source->store_path(), target->new_store_path()));
  found.latest_epoch = LatestEpochInLogs(source->store_path());
  {
    EMB_ASSIGN_OR_RETURN(
        const std::unique_ptr<RocksEngine> engine,
        RocksEngine::Open(target->new_store_path(),
                          RocksEngine::LogDamage::kDropWhatFollows));
    EMB_RETURN_IF_ERROR(engine->Flush());
  }
  return target->AdoptNewStore();
}

}  // namespace

absl::StatusOr<SalvagedStore> SalvageStore(const std::string& data_dir,
                                           const std::string& copy_dir) {
  SalvagedStore found;
  EMB_RETURN_IF_ERROR(CopyStore(data_dir, copy_dir, found));
  EMB_ASSIGN_OR_RETURN(const auto store,
                       OpenRocksTableStore({.data_dir = copy_dir}));
  EMB_ASSIGN_OR_RETURN(Manifest manifest, store->ReadManifest());
  found.epoch = manifest.epoch;
  found.latest_epoch = std::max(found.latest_epoch, found.epoch);
  const WorkWatch watch;
  Pacer pacer(watch, 0);
  for (VersionRecord& record : manifest.versions) {
    absl::Status status = VerifyVersion(*store, record, pacer);
    found.versions.push_back({std::move(record), std::move(status)});
  }
  EMB_RETURN_IF_ERROR(store->Close());
  return found;
}

}  // namespace emb
