#include "storage/rocks_backup.h"

#include <rocksdb/db.h>
#include <rocksdb/file_checksum.h>
#include <rocksdb/rate_limiter.h>
#include <rocksdb/utilities/backup_engine.h>
#include <rocksdb/utilities/checkpoint.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "core/status_macros.h"
#include "storage/pacer.h"

namespace emb {
namespace {

namespace fs = std::filesystem;

constexpr size_t kReadBytes = size_t{1} << 20;
constexpr uint64_t kProgressBytes = uint64_t{4} << 20;

// Keeps what the database reads within the rate of a watch, until that says
// that the caller has gone: then nothing shall hold up the end.
//
// Threads  One at a time, as backups are made.
class ReadLimiter final : public rocksdb::RateLimiter {
 public:
  // `watch` outlives the limiter.
  explicit ReadLimiter(const WorkWatch& watch)
      : RateLimiter(Mode::kReadsOnly),
        bytes_per_second_(watch.bytes_per_second),
        pacer_(watch, /*total=*/0) {}

  void Request(int64_t bytes, rocksdb::Env::IOPriority /*priority*/,
               rocksdb::Statistics* /*statistics*/) override {
    pacer_.Advance(bytes).IgnoreError();
    bytes_ += bytes;
    ++requests_;
  }
  int64_t GetSingleBurstBytes() const override { return kReadBytes; }
  int64_t GetTotalBytesThrough(
      rocksdb::Env::IOPriority /*priority*/) const override {
    return bytes_;
  }
  int64_t GetTotalRequests(
      rocksdb::Env::IOPriority /*priority*/) const override {
    return requests_;
  }
  int64_t GetBytesPerSecond() const override { return bytes_per_second_; }
  void SetBytesPerSecond(int64_t /*bytes_per_second*/) override {}

 private:
  const int64_t bytes_per_second_;
  Pacer pacer_;
  int64_t bytes_ = 0;
  int64_t requests_ = 0;
};

rocksdb::BackupEngineOptions OptionsFor(
    const std::string& directory,
    std::shared_ptr<rocksdb::RateLimiter> limiter = nullptr) {
  rocksdb::BackupEngineOptions options(directory);
  options.sync = true;
  options.share_table_files = true;
  options.share_files_with_checksum = true;
  options.callback_trigger_interval_size = kProgressBytes;
  options.backup_rate_limiter = std::move(limiter);
  return options;
}

// Null: as fast as it goes. Whatever is written was read, so reads count, those
// that read back too.
std::shared_ptr<rocksdb::RateLimiter> LimiterFor(const WorkWatch& watch) {
  if (watch.bytes_per_second <= 0) return nullptr;
  return std::make_shared<ReadLimiter>(watch);
}

// Only what a backup engine made, or nothing: never a mixture with somebody
// else's files, which its clean-up might take for its own.
absl::Status CheckDirectory(const std::string& directory) {
  std::error_code error;
  if (!fs::exists(directory, error)) return absl::OkStatus();
  if (fs::is_directory(directory + "/meta", error)) return absl::OkStatus();
  if (fs::is_directory(directory, error) && fs::is_empty(directory, error)) {
    return absl::OkStatus();
  }
  return absl::FailedPreconditionError(
      absl::StrCat("backup directory \"", directory,
                   "\": holds something else, want an empty or a new one"));
}

absl::Status CheckIsBackup(const std::string& directory) {
  std::error_code error;
  if (fs::is_directory(directory + "/meta", error)) return absl::OkStatus();
  return absl::NotFoundError(
      absl::StrCat("backup \"", directory, "\": there is none"));
}

absl::StatusOr<std::unique_ptr<rocksdb::BackupEngine>> OpenEngine(
    const std::string& directory,
    std::shared_ptr<rocksdb::RateLimiter> limiter = nullptr) {
  rocksdb::BackupEngine* engine = nullptr;
  EMB_RETURN_IF_ERROR(FromRocksStatus(
      rocksdb::BackupEngine::Open(OptionsFor(directory, std::move(limiter)),
                                  rocksdb::Env::Default(), &engine),
      "backup directory"));
  return std::unique_ptr<rocksdb::BackupEngine>(engine);
}

absl::StatusOr<std::unique_ptr<rocksdb::BackupEngineReadOnly>> OpenToRead(
    const std::string& directory) {
  EMB_RETURN_IF_ERROR(CheckIsBackup(directory));
  rocksdb::BackupEngineReadOnly* engine = nullptr;
  EMB_RETURN_IF_ERROR(FromRocksStatus(
      rocksdb::BackupEngineReadOnly::Open(rocksdb::Env::Default(),
                                          OptionsFor(directory), &engine),
      "backup directory"));
  return std::unique_ptr<rocksdb::BackupEngineReadOnly>(engine);
}

// "epoch 12 tables 3", kept beside the files.
std::string EncodeAbout(const StoredBackup& about) {
  return absl::StrCat("epoch ", about.epoch, " tables ", about.num_tables);
}

StoredBackup FromInfo(const rocksdb::BackupInfo& info) {
  StoredBackup backup;
  backup.id = info.backup_id;
  backup.created_at = absl::FromUnixSeconds(info.timestamp);
  backup.bytes = static_cast<int64_t>(info.size);
  const std::vector<std::string> words = absl::StrSplit(info.app_metadata, ' ');
  if (words.size() == 4) {
    if (!absl::SimpleAtoi(words[1], &backup.epoch)) backup.epoch = 0;
    if (!absl::SimpleAtoi(words[3], &backup.num_tables)) backup.num_tables = 0;
  }
  return backup;
}

std::vector<StoredBackup> ListOf(
    const rocksdb::BackupEngineReadOnlyBase& engine) {
  std::vector<rocksdb::BackupInfo> infos;
  engine.GetBackupInfo(&infos);
  std::vector<StoredBackup> backups;
  backups.reserve(infos.size());
  for (const rocksdb::BackupInfo& info : infos) {
    backups.push_back(FromInfo(info));
  }
  std::vector<rocksdb::BackupID> damaged;
  engine.GetCorruptedBackups(&damaged);
  for (const rocksdb::BackupID id : damaged) {
    StoredBackup backup;
    backup.id = id;
    backup.damaged = true;
    backups.push_back(backup);
  }
  std::sort(
      backups.begin(), backups.end(),
      [](const StoredBackup& a, const StoredBackup& b) { return a.id < b.id; });
  return backups;
}

absl::Status Damaged(const std::string& path, absl::string_view what) {
  return absl::DataLossError(absl::StrCat("file \"", path, "\": ", what));
}

// The checksum of a whole file, as the database computes it.
absl::StatusOr<std::string> ChecksumOf(const std::string& path, Pacer& pacer) {
  const auto factory = rocksdb::GetFileChecksumGenCrc32cFactory();
  rocksdb::FileChecksumGenContext context;
  context.file_name = path;
  const auto generator = factory->CreateFileChecksumGenerator(context);
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(
      std::fopen(path.c_str(), "rb"), std::fclose);
  if (file == nullptr) return Damaged(path, "cannot be opened");
  std::string buffer(kReadBytes, '\0');
  for (;;) {
    const size_t count =
        std::fread(buffer.data(), 1, buffer.size(), file.get());
    generator->Update(buffer.data(), count);
    EMB_RETURN_IF_ERROR(pacer.Advance(static_cast<int64_t>(count)));
    if (count == buffer.size()) continue;
    if (std::ferror(file.get()) != 0) return Damaged(path, "cannot be read");
    generator->Finalize();
    return generator->GetChecksum();
  }
}

absl::Status VerifyFile(const rocksdb::LiveFileMetaData& file, Pacer& pacer) {
  const std::string path = absl::StrCat(file.db_path, file.name);
  EMB_ASSIGN_OR_RETURN(const std::string checksum, ChecksumOf(path, pacer));
  if (checksum == file.file_checksum) return absl::OkStatus();
  return Damaged(
      path,
      absl::StrCat("checksum ", absl::BytesToHexString(checksum), ", want ",
                   absl::BytesToHexString(file.file_checksum)));
}

}  // namespace

absl::Status MakeCheckpoint(RocksEngine& engine, const std::string& path) {
  rocksdb::Checkpoint* made = nullptr;
  EMB_RETURN_IF_ERROR(FromRocksStatus(
      rocksdb::Checkpoint::Create(&engine.db(), &made), "checkpoint"));
  const std::unique_ptr<rocksdb::Checkpoint> checkpoint(made);
  return FromRocksStatus(checkpoint->CreateCheckpoint(path), "checkpoint");
}

absl::Status VerifyEngineFiles(RocksEngine& engine, const WorkWatch& watch) {
  // A compaction meanwhile must not delete what is about to be read.
  rocksdb::DB& db = engine.db();
  EMB_RETURN_IF_ERROR(FromRocksStatus(db.DisableFileDeletions(), "verify"));
  const absl::Cleanup enable = [&db] {
    db.EnableFileDeletions(/*force=*/false).PermitUncheckedError();
  };
  std::vector<rocksdb::LiveFileMetaData> files;
  db.GetLiveFilesMetaData(&files);
  int64_t total = 0;
  for (const auto& file : files) total += static_cast<int64_t>(file.size);
  Pacer pacer(watch, total);
  for (const auto& file : files) EMB_RETURN_IF_ERROR(VerifyFile(file, pacer));
  return absl::OkStatus();
}

absl::StatusOr<StoredBackup> AddBackup(RocksEngine& engine,
                                       const std::string& directory,
                                       const StoredBackup& about,
                                       const WorkWatch& watch) {
  EMB_RETURN_IF_ERROR(CheckDirectory(directory));
  EMB_ASSIGN_OR_RETURN(const auto backups,
                       OpenEngine(directory, LimiterFor(watch)));
  rocksdb::CreateBackupOptions options;
  options.decrease_background_thread_cpu_priority = true;
  options.background_thread_cpu_priority = rocksdb::CpuPriority::kIdle;
  options.progress_callback = [&] {
    if (watch.cancelled()) backups->StopBackup();
  };
  rocksdb::BackupID id = 0;
  const rocksdb::Status made = backups->CreateNewBackupWithMetadata(
      options, &engine.db(), EncodeAbout(about), &id);
  if (made.IsIncomplete()) return absl::CancelledError("backup cancelled");
  EMB_RETURN_IF_ERROR(FromRocksStatus(made, "backup"));
  // From the disk's cache at least: what was written is what was read.
  absl::Status read_back = FromRocksStatus(
      backups->VerifyBackup(id, /*verify_with_checksum=*/true), "read back");
  if (watch.cancelled()) read_back = absl::CancelledError("backup cancelled");
  if (!read_back.ok()) {
    // Nobody may take it for good; the files that others share stay.
    backups->DeleteBackup(id).PermitUncheckedError();
    return read_back;
  }
  rocksdb::BackupInfo info;
  EMB_RETURN_IF_ERROR(
      FromRocksStatus(backups->GetBackupInfo(id, &info), "backup"));
  return FromInfo(info);
}

absl::Status KeepBackups(const std::string& directory, int64_t keep) {
  EMB_ASSIGN_OR_RETURN(const auto backups, OpenEngine(directory));
  return FromRocksStatus(backups->PurgeOldBackups(static_cast<uint32_t>(keep)),
                         "old backups");
}

absl::Status CopyBackup(const std::string& directory, int64_t id,
                        const std::string& path) {
  EMB_ASSIGN_OR_RETURN(const auto backups, OpenToRead(directory));
  const std::vector<StoredBackup> list = ListOf(*backups);
  const auto found =
      id == 0 ? (list.empty() ? list.end() : list.end() - 1)
              : std::find_if(list.begin(), list.end(),
                             [id](const auto& b) { return b.id == id; });
  if (found == list.end()) {
    return absl::NotFoundError(
        id == 0 ? absl::StrCat("backup \"", directory, "\": there is none yet")
                : absl::StrCat("backup \"", directory, "\": no number ", id));
  }
  if (found->damaged) {
    return absl::DataLossError(
        absl::StrCat("backup \"", directory, "\": number ", found->id,
                     " is damaged; name an older one to restore that"));
  }
  return FromRocksStatus(
      backups->RestoreDBFromBackup(rocksdb::RestoreOptions(),
                                   static_cast<rocksdb::BackupID>(found->id),
                                   path, path),
      absl::StrCat("restore backup \"", directory, "\" number ", found->id));
}

absl::StatusOr<std::vector<StoredBackup>> ListStoredBackups(
    const std::string& directory) {
  EMB_ASSIGN_OR_RETURN(const auto backups, OpenToRead(directory));
  return ListOf(*backups);
}

}  // namespace emb
