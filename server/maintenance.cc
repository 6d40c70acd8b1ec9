#include "server/maintenance.h"

#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/status_macros.h"
#include "storage/verify_version.h"

namespace emb {
namespace {

constexpr size_t kNameBytesMax = 128;

}  // namespace

absl::StatusOr<StoreMaintenance*> Maintenance::OfStore() const {
  StoreMaintenance* const maintenance = deps_.store.maintenance();
  if (maintenance != nullptr) return maintenance;
  return absl::UnimplementedError("this store has no backups");
}

absl::StatusOr<std::string> Maintenance::DirectoryOf(
    const std::string& name) const {
  if (deps_.backup_dir.empty()) {
    return absl::FailedPreconditionError(
        "the server has no --backup_dir, want one for backups");
  }
  const bool is_component = !name.empty() && name.size() <= kNameBytesMax &&
                            name != "." && name != ".." &&
                            name.find('/') == std::string::npos &&
                            name.find('\0') == std::string::npos;
  if (is_component) return absl::StrCat(deps_.backup_dir, "/", name);
  return absl::InvalidArgumentError(
      absl::StrCat("name: \"", name.substr(0, kNameBytesMax),
                   "\", want one path component of 1 to ", kNameBytesMax,
                   " bytes, below the server's --backup_dir"));
}

absl::StatusOr<StoredBackup> Maintenance::Backup(const std::string& name,
                                                 int64_t keep,
                                                 const WorkWatch& watch) {
  if (keep < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("keep: ", keep, ", want 0 or more"));
  }
  EMB_ASSIGN_OR_RETURN(StoreMaintenance* const store, OfStore());
  EMB_ASSIGN_OR_RETURN(const std::string directory, DirectoryOf(name));
  std::error_code error;
  std::filesystem::create_directory(deps_.backup_dir, error);
  if (error) {
    return absl::FailedPreconditionError(absl::StrCat(
        "--backup_dir \"", deps_.backup_dir, "\": ", error.message()));
  }
  EMB_ASSIGN_OR_RETURN(StoredBackup made,
                       store->Backup(directory, keep, watch));
  const MutexLock lock(mutex_);
  last_backup_at_ = made.created_at;
  return made;
}

absl::Time Maintenance::last_backup_at() const {
  const MutexLock lock(mutex_);
  return last_backup_at_;
}

absl::StatusOr<StoreMaintenance::DiskUse> Maintenance::GetDiskUse() const {
  EMB_ASSIGN_OR_RETURN(StoreMaintenance* const store, OfStore());
  return store->GetDiskUse();
}

absl::StatusOr<std::vector<StoredBackup>> Maintenance::List(
    const std::string& name) {
  EMB_ASSIGN_OR_RETURN(const std::string directory, DirectoryOf(name));
  return ListStoredBackups(directory);
}

absl::Status Maintenance::Restore(const std::string& name, int64_t id) {
  if (id < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("id: ", id, ", want 0 (the newest) or more"));
  }
  EMB_ASSIGN_OR_RETURN(StoreMaintenance* const store, OfStore());
  EMB_ASSIGN_OR_RETURN(const std::string directory, DirectoryOf(name));
  EMB_RETURN_IF_ERROR(store->Restore(directory, id));
  return deps_.load();
}

absl::StatusOr<Verification> Maintenance::Verify(const WorkWatch& watch) {
  EMB_ASSIGN_OR_RETURN(StoreMaintenance* const store, OfStore());
  Verification found;
  found.files = store->VerifyFiles(watch);
  if (!found.files.ok() && !absl::IsDataLoss(found.files)) return found.files;
  std::vector<VersionRecord> records;
  int64_t total = 0;
  const auto snapshot = deps_.registry.snapshot();
  for (const std::string& name : snapshot->Names()) {
    for (const TablePtr& version : snapshot->VersionsOf(name)) {
      records.push_back(version->record);
      total += version->record.spec.data_bytes();
    }
  }
  Pacer pacer(watch, total);
  for (const VersionRecord& record : records) {
    const auto version = VerifyUnlessGone(record, pacer);
    if (!version) continue;
    if (absl::IsCancelled(version->status)) return version->status;
    found.versions.push_back(*version);
  }
  return found;
}

std::optional<VerifiedVersion> Maintenance::VerifyUnlessGone(
    VersionRecord record, Pacer& pacer) const {
  while (true) {
    absl::Status status = VerifyVersion(deps_.store, record, pacer);
    const bool is_final = status.ok() || absl::IsCancelled(status);
    // One that is dropped or folded meanwhile is deleted where it was read.
    const TablePtr now =
        deps_.registry.snapshot()->VersionOf(record.spec.name, record.version);
    if (is_final ||
        (now != nullptr && now->record.generation == record.generation)) {
      return VerifiedVersion{std::move(record), std::move(status)};
    }
    if (now == nullptr) return std::nullopt;
    record = now->record;
  }
}

}  // namespace emb
