#include "storage/rocks_maintenance.h"

#include <filesystem>
#include <system_error>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "core/status_macros.h"
#include "storage/rocks_backup.h"
#include "storage/rocks_engine.h"

namespace emb {
namespace {

namespace fs = std::filesystem;

// Below the store's own folder, where hard links are possible. Emptied when
// the store opens.
constexpr char kCheckpointParent[] = "/backup-tmp";
// Of the disk, kept free by what is large.
constexpr int64_t kReservePercent = 5;

absl::StatusOr<fs::space_info> SpaceOf(const std::string& path) {
  std::error_code error;
  const fs::space_info space = fs::space(path, error);
  if (!error) return space;
  return absl::InternalError(absl::StrCat(path, ": ", error.message()));
}

// Where the checkpoint was made.
absl::StatusOr<std::string> TakeCheckpoint(OpenedStore& opened) {
  const std::string parent = opened.data_dir->store_path() + kCheckpointParent;
  EMB_RETURN_IF_ERROR(MakeEmptyDirectory(parent));
  std::string path = fs::absolute(parent + "/checkpoint").string();
  EMB_RETURN_IF_ERROR(MakeCheckpoint(*opened.engine, path));
  return path;
}

StoredBackup About(const Manifest& manifest) {
  StoredBackup about;
  about.epoch = manifest.epoch;
  std::string last;  // Versions come by table.
  for (const VersionRecord& record : manifest.versions) {
    about.num_tables += record.spec.name != last ? 1 : 0;
    last = record.spec.name;
  }
  return about;
}

void RemoveTree(const std::string& path) {
  std::error_code ignored;  // The next opening removes what is left.
  fs::remove_all(path, ignored);
}

}  // namespace

// One of backup, restore and verification at a time.
class RocksMaintenance::Turn {
 public:
  explicit Turn(RocksMaintenance& owner) : owner_(owner) {
    const MutexLock lock(owner_.mutex_);
    taken_ = !owner_.busy_;
    owner_.busy_ = true;
  }
  ~Turn() {
    if (!taken_) return;
    const MutexLock lock(owner_.mutex_);
    owner_.busy_ = false;
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

  absl::Status status() const {
    if (taken_) return absl::OkStatus();
    return absl::AbortedError(
        "a backup, restore or verification is at work, try again later");
  }

 private:
  RocksMaintenance& owner_;
  bool taken_ = false;
};

absl::StatusOr<StoredBackup> RocksMaintenance::Backup(
    const std::string& directory, int64_t keep, const WorkWatch& watch) {
  const Turn turn(*this);
  EMB_RETURN_IF_ERROR(turn.status());
  StoredBackup about;
  std::string path;
  const auto take = [&](OpenedStore& opened,
                        const Manifest& manifest) -> absl::Status {
    about = About(manifest);
    EMB_ASSIGN_OR_RETURN(path, TakeCheckpoint(opened));
    return absl::OkStatus();
  };
  EMB_RETURN_IF_ERROR(host_.WithCommitsHeld(take));
  const absl::Cleanup remove = [&path] { RemoveTree(path); };
  // From here on commits go on: the links keep this moment's files.
  EMB_ASSIGN_OR_RETURN(const std::unique_ptr<RocksEngine> engine,
                       RocksEngine::Open(path));
  // A file that an earlier backup has is not copied again, so its damage
  // would go unseen; and a copy of damage has a fine checksum.
  EMB_RETURN_IF_ERROR(VerifyEngineFiles(*engine, watch));
  EMB_ASSIGN_OR_RETURN(StoredBackup made,
                       AddBackup(*engine, directory, about, watch));
  if (keep > 0) EMB_RETURN_IF_ERROR(KeepBackups(directory, keep));
  return made;
}

absl::Status RocksMaintenance::Restore(const std::string& directory,
                                       int64_t id) {
  const Turn turn(*this);
  EMB_RETURN_IF_ERROR(turn.status());
  std::string path;
  EMB_RETURN_IF_ERROR(host_.WithCommitsHeld(
      [&](OpenedStore& opened, const Manifest& manifest) -> absl::Status {
        path = opened.data_dir->new_store_path();
        if (manifest.epoch == 0) return opened.data_dir->RemoveNewStore();
        return absl::FailedPreconditionError(
            "restore: this store has held tables, want a server on an empty "
            "data directory");
      }));
  absl::Cleanup remove = [&path] { RemoveTree(path); };
  EMB_RETURN_IF_ERROR(CopyBackup(directory, id, path));
  {
    // What cannot be opened must not take the place of what can.
    EMB_ASSIGN_OR_RETURN(const std::unique_ptr<RocksEngine> engine,
                         RocksEngine::Open(path));
    EMB_RETURN_IF_ERROR(VerifyEngineFiles(*engine, {}));
    EMB_RETURN_IF_ERROR(engine->Flush());
  }
  EMB_RETURN_IF_ERROR(host_.AdoptRestored());
  std::move(remove).Cancel();
  return absl::OkStatus();
}

absl::Status RocksMaintenance::VerifyFiles(const WorkWatch& watch) {
  const Turn turn(*this);
  EMB_RETURN_IF_ERROR(turn.status());
  std::string path;
  const auto take = [&](OpenedStore& opened, const Manifest&) -> absl::Status {
    EMB_ASSIGN_OR_RETURN(path, TakeCheckpoint(opened));
    return absl::OkStatus();
  };
  EMB_RETURN_IF_ERROR(host_.WithCommitsHeld(take));
  const absl::Cleanup remove = [&path] { RemoveTree(path); };
  EMB_ASSIGN_OR_RETURN(const std::unique_ptr<RocksEngine> engine,
                       RocksEngine::Open(path));
  return VerifyEngineFiles(*engine, watch);
}

absl::StatusOr<StoreMaintenance::DiskUse> RocksMaintenance::GetDiskUse() {
  EMB_ASSIGN_OR_RETURN(const auto opened, host_.Opened());
  const std::string path = opened->data_dir->store_path();
  DiskUse use;
  EMB_ASSIGN_OR_RETURN(const fs::space_info space, SpaceOf(path));
  use.free_bytes = static_cast<int64_t>(space.available);
  use.size_bytes = static_cast<int64_t>(space.capacity);
  // Files come and go meanwhile: what cannot be asked is not counted.
  std::error_code error;
  fs::directory_iterator entry(path, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    std::error_code ignored;
    const auto bytes = entry->file_size(ignored);
    if (!ignored) use.used_bytes += static_cast<int64_t>(bytes);
  }
  return use;
}

absl::Status RocksMaintenance::CheckSpaceFor(int64_t bytes) {
  EMB_ASSIGN_OR_RETURN(const auto opened, host_.Opened());
  const std::string path = opened->data_dir->store_path();
  EMB_ASSIGN_OR_RETURN(const fs::space_info space, SpaceOf(path));
  const auto free = static_cast<int64_t>(space.available);
  const auto reserve =
      static_cast<int64_t>(space.capacity / 100) * kReservePercent;
  if (free - reserve >= bytes) return absl::OkStatus();
  return absl::ResourceExhaustedError(absl::StrCat(
      path, ": ", free, " bytes free, want ", bytes, " and the ", reserve, " (",
      kReservePercent, " % of the disk) that are kept for updates"));
}

}  // namespace emb
