// The database itself (RocksDB 7.8) and its options; rocks_backup.cc copies it.
#include "storage/rocks_engine.h"

#include <fcntl.h>
#include <rocksdb/convenience.h>
#include <rocksdb/db.h>
#include <rocksdb/file_checksum.h>
#include <rocksdb/sst_file_writer.h>
#include <rocksdb/table.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdarg>
#include <cstdio>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "core/status_macros.h"
#include "storage/record_format.h"
#include "storage/rocks_log_check.h"

namespace emb {
namespace {

// A scan of fewer chunks lets RocksDB choose: reading 4 MiB ahead for each of
// ten thousand small tables would read far more than there is.
constexpr int64_t kReadaheadChunksMin = 16;
constexpr size_t kReadaheadBytes = size_t{4} << 20;
constexpr size_t kProtectionBytes = 8;

// RocksDB's warnings, in the file LOG of its folder. RocksDB's own logger
// aborts the process (7.8 as Debian builds it) at the first line after one
// that could not be written: a full disk would end the server. This one
// drops what it cannot write.
//
// Threads  Thread-safe.
class WarningLog : public rocksdb::Logger {
 public:
  explicit WarningLog(const std::string& path)
      : Logger(rocksdb::InfoLogLevel::WARN_LEVEL),
        fd_(open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC,
                 0640)) {
    struct stat info = {};
    if (fstat(fd_, &info) == 0 && info.st_size > kLogBytesMax) {
      Ignore(ftruncate(fd_, 0));
    }
  }
  ~WarningLog() override { Ignore(::close(fd_)); }

  using Logger::Logv;
  void Logv(const char* format, va_list args) override {
    char line[1024];
    const std::string stamp = absl::FormatTime(
        "%Y-%m-%dT%H:%M:%E3SZ ", absl::Now(), absl::UTCTimeZone());
    vsnprintf(line, sizeof(line), format, args);
    const std::string text = absl::StrCat(stamp, line, "\n");
    Ignore(write(fd_, text.data(), text.size()));
  }

 private:
  // Checked when the store opens.
  static constexpr int64_t kLogBytesMax = int64_t{4} << 20;

  static void Ignore(int64_t) {}

  const int fd_;  // -1: nothing can be written.
};

rocksdb::Env* engine_env = nullptr;  // Null: the default one.

rocksdb::DBOptions MakeDbOptions() {
  rocksdb::DBOptions options;
  if (engine_env != nullptr) options.env = engine_env;
  // A store is created in one place only; anywhere else an absent one is an
  // error, never a reason for an empty one.
  options.create_if_missing = false;
  // The default mode silently drops whatever follows a damaged record. This
  // one forgives a torn tail, which was never acknowledged, and nothing else.
  options.wal_recovery_mode =
      rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  // A recycled log ends in old records that look like a damaged tail.
  options.recycle_log_file_num = 0;
  options.manual_wal_flush = false;
  // 7.8 raises false alarms about missing logs when this is on.
  options.track_and_verify_wals_in_manifest = false;
  options.paranoid_checks = true;
  options.flush_verify_memtable_count = true;
  options.verify_sst_unique_id_in_manifest = true;
  // Without a generator VerifyFileChecksums has nothing to compare with.
  options.file_checksum_gen_factory =
      rocksdb::GetFileChecksumGenCrc32cFactory();
  // Opens every file at once, so a missing or truncated one is found now.
  options.max_open_files = -1;
  // Eight or more meet a retry bug of parallel flushes before 7.9.
  options.max_background_jobs = 2;
  // Compactions give way to lookups. Not as far as idle priority: a commit
  // may wait for a lock that they hold.
  options.env->LowerThreadPoolCPUPriority(rocksdb::Env::Priority::LOW,
                                          rocksdb::CpuPriority::kLow);
  // Memory belongs to the tables; little is written between commits.
  options.db_write_buffer_size = size_t{64} << 20;
  // Bounds the time that replaying the log takes.
  options.max_total_wal_size = uint64_t{256} << 20;
  options.avoid_flush_during_shutdown = false;
  return options;
}

rocksdb::ColumnFamilyOptions MakeFamilyOptions() {
  rocksdb::BlockBasedTableOptions table;
  table.checksum = rocksdb::kXXH3;
  table.format_version = 5;
  table.block_size = size_t{32} << 10;
  // Chunks are read once, in order: a cache would only take memory.
  table.no_block_cache = true;
  rocksdb::ColumnFamilyOptions options;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  // Mantissas of trained weights look random: nothing to gain.
  options.compression = rocksdb::kNoCompression;
  options.write_buffer_size = size_t{16} << 20;
  options.force_consistency_checks = true;
  // Reads every written file again; we write rarely.
  options.paranoid_file_checks = true;
  // Notices bits that flip in memory before they reach a file.
  options.memtable_protection_bytes_per_key = kProtectionBytes;
  options.level_compaction_dynamic_level_bytes = true;
  return options;
}

rocksdb::WriteOptions LoggedWrite(bool sync) {
  rocksdb::WriteOptions options;
  options.sync = sync;
  options.protection_bytes_per_key = kProtectionBytes;
  return options;
}

rocksdb::ReadOptions CheckedRead() {
  rocksdb::ReadOptions options;
  options.verify_checksums = true;
  options.fill_cache = false;
  return options;
}

rocksdb::Slice ToSlice(absl::string_view text) {
  return {text.data(), text.size()};
}

absl::string_view ToView(const rocksdb::Slice& slice) {
  return {slice.data(), slice.size()};
}

// A store that exists and will not open is damaged, unless the reason lies
// outside of it.
absl::Status FromOpenStatus(const rocksdb::Status& status,
                            const std::string& path) {
  const absl::Status converted = FromRocksStatus(status, path);
  const bool is_damage = status.IsInvalidArgument() ||
                         status.IsPathNotFound() || status.IsNotFound();
  return is_damage ? absl::DataLossError(converted.message()) : converted;
}

class SstChunkFile : public ChunkFile {
 public:
  explicit SstChunkFile(rocksdb::ColumnFamilyHandle* family)
      : writer_(rocksdb::EnvOptions(),
                rocksdb::Options(MakeDbOptions(), MakeFamilyOptions()),
                family) {}

  absl::Status Open(const std::string& path) {
    return FromRocksStatus(writer_.Open(path), path);
  }

  absl::Status Append(absl::string_view key, absl::string_view value) override {
    return FromRocksStatus(writer_.Put(ToSlice(key), ToSlice(value)),
                           "write chunk file");
  }

  absl::Status Finish() override {
    return FromRocksStatus(writer_.Finish(), "finish chunk file");
  }

 private:
  rocksdb::SstFileWriter writer_;
};

class RocksEngineImpl : public RocksEngine {
 public:
  RocksEngineImpl(rocksdb::DB* db,
                  std::vector<rocksdb::ColumnFamilyHandle*> families,
                  std::unique_ptr<LogCheck> log_check)
      : log_check_(std::move(log_check)),
        db_(db),
        families_(std::move(families)),
        meta_(families_[1]),
        base_(families_[2]),
        delta_(families_[3]) {}

  ~RocksEngineImpl() override {
    for (rocksdb::ColumnFamilyHandle* family : families_) {
      db_->DestroyColumnFamilyHandle(family).PermitUncheckedError();
    }
  }

  absl::Status ScanRecords(EntryVisitor visit) override;
  absl::Status ScanChunks(Generation generation, int64_t first, int64_t last,
                          EntryVisitor visit) override;
  absl::Status ScanPatches(Generation generation, EntryVisitor visit) override;
  absl::StatusOr<std::set<Generation>> ListGenerations() override;
  absl::Status Write(const EngineBatch& batch) override;
  absl::StatusOr<std::unique_ptr<ChunkFile>> NewFile(
      const std::string& path) override;
  absl::Status Ingest(const std::vector<std::string>& paths) override;
  absl::Status DropGeneration(Generation generation) override;
  absl::Status Flush() override;
  absl::Status Resume() override {
    return FromRocksStatus(db_->Resume(), "resume");
  }
  rocksdb::DB& db() override { return *db_; }

 private:
  absl::Status DropRange(rocksdb::ColumnFamilyHandle* family,
                         const rocksdb::Slice& begin,
                         const rocksdb::Slice& end);

  const std::unique_ptr<LogCheck> log_check_;  // The database refers to it.
  const std::unique_ptr<rocksdb::DB> db_;
  const std::vector<rocksdb::ColumnFamilyHandle*> families_;
  rocksdb::ColumnFamilyHandle* const meta_;
  rocksdb::ColumnFamilyHandle* const base_;
  rocksdb::ColumnFamilyHandle* const delta_;
};

absl::StatusOr<std::unique_ptr<RocksEngine>> OpenDatabase(
    rocksdb::DBOptions options, const std::string& path) {
  options.info_log = std::make_shared<WarningLog>(path + "/LOG");
  auto log_check = std::make_unique<LogCheck>();
  options.wal_filter = log_check.get();
  const std::vector<rocksdb::ColumnFamilyDescriptor> descriptors = {
      {rocksdb::kDefaultColumnFamilyName, MakeFamilyOptions()},
      {"meta", MakeFamilyOptions()},
      {"base", MakeFamilyOptions()},
      {"delta", MakeFamilyOptions()}};
  std::vector<rocksdb::ColumnFamilyHandle*> families;
  rocksdb::DB* db = nullptr;
  const rocksdb::Status status =
      rocksdb::DB::Open(options, path, descriptors, &families, &db);
  if (!status.ok()) return FromOpenStatus(status, path);
  return std::make_unique<RocksEngineImpl>(db, std::move(families),
                                           std::move(log_check));
}

absl::Status VisitAll(rocksdb::Iterator& it, RocksEngine::EntryVisitor visit) {
  for (; it.Valid(); it.Next()) {
    EMB_RETURN_IF_ERROR(visit(ToView(it.key()), ToView(it.value())));
  }
  return FromRocksStatus(it.status(), "read");
}

absl::Status RocksEngineImpl::ScanRecords(EntryVisitor visit) {
  const std::unique_ptr<rocksdb::Iterator> it(
      db_->NewIterator(CheckedRead(), meta_));
  it->SeekToFirst();
  return VisitAll(*it, visit);
}

absl::Status RocksEngineImpl::ScanChunks(Generation generation, int64_t first,
                                         int64_t last, EntryVisitor visit) {
  const std::string end = ChunkKey(generation, last);
  const rocksdb::Slice bound(end);
  rocksdb::ReadOptions options = CheckedRead();
  options.iterate_upper_bound = &bound;
  if (last - first >= kReadaheadChunksMin) {
    options.readahead_size = kReadaheadBytes;
  }
  const std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator(options, base_));
  it->Seek(ChunkKey(generation, first));
  return VisitAll(*it, visit);
}

absl::Status RocksEngineImpl::ScanPatches(Generation generation,
                                          EntryVisitor visit) {
  const std::string end = PatchKey(generation + 1, 0);
  const rocksdb::Slice bound(end);
  rocksdb::ReadOptions options = CheckedRead();
  options.iterate_upper_bound = &bound;
  const std::unique_ptr<rocksdb::Iterator> it(
      db_->NewIterator(options, delta_));
  it->Seek(PatchKey(generation, 0));
  return VisitAll(*it, visit);
}

absl::StatusOr<std::set<Generation>> RocksEngineImpl::ListGenerations() {
  std::set<Generation> generations;
  for (rocksdb::ColumnFamilyHandle* family : {base_, delta_}) {
    const std::unique_ptr<rocksdb::Iterator> it(
        db_->NewIterator(CheckedRead(), family));
    it->SeekToFirst();
    while (it->Valid()) {
      const auto generation = GenerationOfChunkKey(ToView(it->key()));
      if (!generation.has_value()) {
        return absl::DataLossError("a chunk's key is not of 16 bytes");
      }
      generations.insert(*generation);
      it->Seek(ChunkKey(*generation + 1, 0));
    }
    EMB_RETURN_IF_ERROR(FromRocksStatus(it->status(), "list generations"));
  }
  return generations;
}

absl::Status RocksEngineImpl::Write(const EngineBatch& batch) {
  rocksdb::WriteBatch writes(/*reserved_bytes=*/0, /*max_bytes=*/0,
                             kProtectionBytes, /*default_cf_ts_sz=*/0);
  for (const auto& [key, value] : batch.records) {
    const rocksdb::Status status =
        value ? writes.Put(meta_, key, *value) : writes.Delete(meta_, key);
    EMB_RETURN_IF_ERROR(FromRocksStatus(status, "batch"));
  }
  for (const auto& [key, value] : batch.chunks) {
    EMB_RETURN_IF_ERROR(
        FromRocksStatus(writes.Put(base_, key, ToSlice(value)), "batch"));
  }
  for (const auto& [key, value] : batch.patches) {
    EMB_RETURN_IF_ERROR(
        FromRocksStatus(writes.Put(delta_, key, value), "batch"));
  }
  return FromRocksStatus(db_->Write(LoggedWrite(batch.sync), &writes),
                         batch.sync ? "synced write" : "write");
}

absl::StatusOr<std::unique_ptr<ChunkFile>> RocksEngineImpl::NewFile(
    const std::string& path) {
  auto file = std::make_unique<SstChunkFile>(base_);
  EMB_RETURN_IF_ERROR(file->Open(path));
  return file;
}

absl::Status RocksEngineImpl::Ingest(const std::vector<std::string>& paths) {
  rocksdb::IngestExternalFileOptions options;
  options.move_files = true;
  // The default of 7.8 rewrites the file, which then no longer matches its
  // checksum.
  options.write_global_seqno = false;
  options.allow_global_seqno = true;
  options.verify_checksums_before_ingest = true;
  return FromRocksStatus(db_->IngestExternalFile(base_, paths, options),
                         "ingest");
}

absl::Status RocksEngineImpl::DropRange(rocksdb::ColumnFamilyHandle* family,
                                        const rocksdb::Slice& begin,
                                        const rocksdb::Slice& end) {
  // The end is excluded, or it would take a file that holds nothing but the
  // next generation's first chunk.
  EMB_RETURN_IF_ERROR(FromRocksStatus(
      rocksdb::DeleteFilesInRange(db_.get(), family, &begin, &end,
                                  /*include_end=*/false),
      "delete files"));
  rocksdb::ReadOptions read = CheckedRead();
  read.iterate_upper_bound = &end;
  const std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator(read, family));
  it->Seek(begin);
  EMB_RETURN_IF_ERROR(FromRocksStatus(it->status(), "delete generation"));
  // No tombstone for nothing: each one slows later reads a little.
  if (!it->Valid()) return absl::OkStatus();
  // Not synced: what a crash brings back is swept when the store opens.
  return FromRocksStatus(
      db_->DeleteRange(rocksdb::WriteOptions(), family, begin, end),
      "delete generation");
}

absl::Status RocksEngineImpl::DropGeneration(Generation generation) {
  const std::string begin = ChunkKey(generation, 0);
  const std::string end = ChunkKey(generation + 1, 0);
  EMB_RETURN_IF_ERROR(DropRange(base_, begin, end));
  return DropRange(delta_, begin, end);
}

absl::Status RocksEngineImpl::Flush() {
  return FromRocksStatus(db_->Flush(rocksdb::FlushOptions(), families_),
                         "flush");
}

}  // namespace

absl::Status FromRocksStatus(const rocksdb::Status& status,
                             absl::string_view context) {
  if (status.ok()) return absl::OkStatus();
  const std::string text = absl::StrCat(context, ": ", status.ToString());
  if (status.IsNotFound()) return absl::NotFoundError(text);
  if (status.IsCorruption()) return absl::DataLossError(text);
  if (status.IsNoSpace()) return absl::ResourceExhaustedError(text);
  if (status.IsBusy() || status.IsTryAgain() || status.IsTimedOut()) {
    return absl::UnavailableError(text);
  }
  return absl::InternalError(text);
}

void SetEngineEnvForTesting(rocksdb::Env* env) { engine_env = env; }

absl::StatusOr<std::unique_ptr<RocksEngine>> RocksEngine::Create(
    const std::string& path) {
  rocksdb::DBOptions options = MakeDbOptions();
  options.create_if_missing = true;
  options.create_missing_column_families = true;
  options.error_if_exists = true;
  return OpenDatabase(options, path);
}

absl::StatusOr<std::unique_ptr<RocksEngine>> RocksEngine::Open(
    const std::string& path, LogDamage damage) {
  rocksdb::DBOptions options = MakeDbOptions();
  if (damage == LogDamage::kDropWhatFollows) {
    options.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  }
  return OpenDatabase(std::move(options), path);
}

}  // namespace emb
