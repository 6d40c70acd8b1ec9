#include "storage/rocks_table_store.h"

#include <map>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/mutex.h"
#include "core/status_macros.h"
#include "storage/commit_batch.h"
#include "storage/manifest.h"
#include "storage/opened_store.h"
#include "storage/pending_generation.h"
#include "storage/record_format.h"
#include "storage/rocks_engine.h"
#include "storage/rocks_maintenance.h"

namespace emb {
namespace {

// Buffered chunks that one commit carries; what is beyond goes to files.
constexpr int64_t kBatchBytesMax = int64_t{32} << 20;
// Numbers that one durable write sets aside. A number is handed out only
// below the recorded bound, so that none returns after a crash.
constexpr Generation kGenerationsReserved = 64;

// A pending generation and, outliving it, the engine it needs.
struct Pending {
  std::shared_ptr<OpenedStore> opened;
  std::unique_ptr<PendingGeneration> generation;
};
using PendingList = std::vector<std::shared_ptr<Pending>>;

absl::Status IngestFiles(const PendingList& pending) {
  int64_t batch_bytes = 0;
  for (const auto& entry : pending) {
    PendingGeneration& generation = *entry->generation;
    batch_bytes += generation.buffered_bytes();
    if (batch_bytes > kBatchBytesMax) {
      EMB_RETURN_IF_ERROR(generation.Spill());
    }
    EMB_RETURN_IF_ERROR(generation.Ingest());
  }
  return absl::OkStatus();
}

// Chunks that never went to a file travel with the records.
void AddBuffered(const PendingList& pending, EngineBatch& batch) {
  for (const auto& entry : pending) {
    const std::vector<std::string>& chunks = entry->generation->buffered();
    for (size_t i = 0; i < chunks.size(); ++i) {
      batch.chunks.emplace_back(
          ChunkKey(entry->generation->id(), static_cast<int64_t>(i)),
          chunks[i]);
    }
  }
}

class RocksTableStore : public TableStore, private MaintenanceHost {
 public:
  RocksTableStore(OpenedStore opened, int64_t file_bytes_max)
      : file_bytes_max_(file_bytes_max),
        next_generation_(opened.next_generation),
        reserved_generation_(opened.next_generation),
        manifest_(std::make_shared<Manifest>(std::move(opened.manifest))),
        opened_(std::make_shared<OpenedStore>(std::move(opened))) {}

  // What Close could not make durable was not acknowledged either.
  ~RocksTableStore() override { RocksTableStore::Close().IgnoreError(); }

  absl::StatusOr<Generation> NewGeneration() override;
  absl::Status WriteChunk(Generation generation, int64_t number,
                          absl::Span<const std::byte> rows) override;
  absl::StatusOr<uint64_t> Commit(const Edit& edit) override;
  absl::Status Sync() override;
  absl::StatusOr<Manifest> ReadManifest() override;
  absl::StatusOr<std::vector<AppliedRequest>> ReadRequests() override;
  absl::Status ScanChunks(Generation generation, int64_t first, int64_t last,
                          ChunkVisitor visit) override;
  absl::Status ScanPatches(Generation generation, PatchVisitor visit) override;
  absl::Status DeleteGeneration(Generation generation) override;
  absl::Status Close() override;
  StoreMaintenance* maintenance() override { return &maintenance_; }

 private:
  absl::StatusOr<std::shared_ptr<OpenedStore>> Opened() override {
    return Readable();
  }
  absl::Status WithCommitsHeld(HeldWork work) override;
  absl::Status AdoptRestored() override;
  absl::Status CheckWritable() override;

  // The database, unless the store is closed.
  absl::StatusOr<std::shared_ptr<OpenedStore>> Readable();
  // The same, unless a write has failed.
  absl::StatusOr<std::shared_ptr<OpenedStore>> Writable();
  std::shared_ptr<const Manifest> manifest();
  std::shared_ptr<Pending> FindPending(Generation generation);

  // The generations that `edit` adds or moves versions to, each complete.
  absl::StatusOr<PendingList> PendingOf(const Edit& edit);
  // Of a version, or being written.
  absl::Status CheckPatched(const Edit& edit, const Manifest& next);
  absl::Status Write(OpenedStore& opened, const EngineBatch& batch)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(commit_mutex_);
  void Adopt(const PendingList& committed, Manifest next);

  const int64_t file_bytes_max_;

  // Serialises what changes the store; held while a commit writes. Taken
  // before mutex_.
  Mutex commit_mutex_;
  Generation next_generation_ ABSL_GUARDED_BY(commit_mutex_);
  // The durable bound of next_generation_.
  Generation reserved_generation_ ABSL_GUARDED_BY(commit_mutex_);
  // To be deleted once the store is writable again.
  std::set<Generation> garbage_ ABSL_GUARDED_BY(commit_mutex_);

  // Held for a few instructions only.
  Mutex mutex_;
  std::shared_ptr<const Manifest> manifest_ ABSL_GUARDED_BY(mutex_);
  // Null: closed. Calls in flight share it, so that Close does not pull it
  // away under them.
  std::shared_ptr<OpenedStore> opened_ ABSL_GUARDED_BY(mutex_);
  std::map<Generation, std::shared_ptr<Pending>> pending_
      ABSL_GUARDED_BY(mutex_);
  // The first write that failed. Its records may turn out to be durable, so
  // nothing may build on their absence until the store is opened again.
  absl::Status broken_ ABSL_GUARDED_BY(mutex_);

  RocksMaintenance maintenance_{*this};
};

absl::StatusOr<std::shared_ptr<OpenedStore>> RocksTableStore::Readable() {
  const MutexLock lock(mutex_);
  if (opened_ == nullptr) {
    return absl::FailedPreconditionError("store: closed");
  }
  return opened_;
}

absl::StatusOr<std::shared_ptr<OpenedStore>> RocksTableStore::Writable() {
  EMB_ASSIGN_OR_RETURN(std::shared_ptr<OpenedStore> opened, Readable());
  const MutexLock lock(mutex_);
  if (broken_.ok()) return opened;
  const std::string text =
      absl::StrCat("store is read-only after: ", broken_.message(),
                   "; want the server started again");
  if (absl::IsResourceExhausted(broken_)) {
    return absl::ResourceExhaustedError(text);
  }
  return absl::FailedPreconditionError(text);
}

std::shared_ptr<const Manifest> RocksTableStore::manifest() {
  const MutexLock lock(mutex_);
  return manifest_;
}

std::shared_ptr<Pending> RocksTableStore::FindPending(Generation generation) {
  const MutexLock lock(mutex_);
  const auto found = pending_.find(generation);
  return found == pending_.end() ? nullptr : found->second;
}

absl::StatusOr<Generation> RocksTableStore::NewGeneration() {
  const MutexLock commit(commit_mutex_);
  EMB_ASSIGN_OR_RETURN(std::shared_ptr<OpenedStore> opened, Writable());
  if (next_generation_ == reserved_generation_) {
    const CommitRecord record = {
        .epoch = manifest()->epoch,
        .next_generation = reserved_generation_ + kGenerationsReserved};
    EngineBatch batch;
    batch.records.emplace_back(kCommitRecordKey, EncodeCommitRecord(record));
    EMB_RETURN_IF_ERROR(Write(*opened, batch));
    reserved_generation_ = record.next_generation;
  }
  const Generation id = next_generation_++;
  auto pending = std::make_shared<Pending>();
  pending->generation = std::make_unique<PendingGeneration>(
      PendingGeneration::Options{.id = id,
                                 .directory = opened->ingest_dir,
                                 .file_bytes_max = file_bytes_max_},
      *opened->engine);
  pending->opened = std::move(opened);
  const MutexLock lock(mutex_);
  pending_.emplace(id, std::move(pending));
  return id;
}

absl::Status RocksTableStore::WriteChunk(Generation generation, int64_t number,
                                         absl::Span<const std::byte> rows) {
  EMB_RETURN_IF_ERROR(Readable().status());
  const std::shared_ptr<Pending> pending = FindPending(generation);
  if (pending == nullptr) {
    return absl::FailedPreconditionError(absl::StrCat(
        "generation ", generation, ": not open for writing, want a new one"));
  }
  return pending->generation->Append(number, rows);
}

absl::StatusOr<PendingList> RocksTableStore::PendingOf(const Edit& edit) {
  PendingList list;
  for (const VersionRecord& record : NewlyPlaced(edit, *manifest())) {
    std::shared_ptr<Pending> pending = FindPending(record.generation);
    const int64_t num_chunks =
        pending == nullptr ? 0 : pending->generation->num_chunks();
    EMB_RETURN_IF_ERROR(CheckComplete(record, num_chunks));
    list.push_back(std::move(pending));
  }
  return list;
}

absl::Status RocksTableStore::CheckPatched(const Edit& edit,
                                           const Manifest& next) {
  for (const RowPatches& patches : edit.patches) {
    if (FindPending(patches.generation) != nullptr) continue;
    EMB_RETURN_IF_ERROR(CheckInUse(next, patches.generation));
  }
  return absl::OkStatus();
}

absl::StatusOr<uint64_t> RocksTableStore::Commit(const Edit& edit) {
  EMB_ASSIGN_OR_RETURN(const std::shared_ptr<OpenedStore> opened, Writable());
  EMB_ASSIGN_OR_RETURN(const PendingList pending, PendingOf(edit));
  // An edit that cannot succeed must not cost an ingestion.
  if (!pending.empty()) {
    EMB_RETURN_IF_ERROR(ApplyEdit(*manifest(), edit).status());
  }
  // Before the lock: gigabytes of one table must not delay the commit of
  // another, and nobody sees them before the records.
  EMB_RETURN_IF_ERROR(IngestFiles(pending));

  const MutexLock commit(commit_mutex_);
  EMB_RETURN_IF_ERROR(Writable().status());
  EMB_RETURN_IF_ERROR(PendingOf(edit).status());  // None was deleted since.
  EMB_ASSIGN_OR_RETURN(Manifest next, ApplyEdit(*manifest(), edit));
  EMB_RETURN_IF_ERROR(CheckPatched(edit, next));
  EMB_ASSIGN_OR_RETURN(EngineBatch batch,
                       MakeCommitBatch(edit, next, reserved_generation_));
  AddBuffered(pending, batch);
  EMB_RETURN_IF_ERROR(Write(*opened, batch));
  const uint64_t epoch = next.epoch;
  Adopt(pending, std::move(next));
  return epoch;
}

absl::Status RocksTableStore::Sync() {
  const MutexLock commit(commit_mutex_);
  EMB_ASSIGN_OR_RETURN(const std::shared_ptr<OpenedStore> opened, Writable());
  // As it is on disk already: what counts is that it is synced, and the log
  // before it.
  EngineBatch batch;
  batch.records.emplace_back(
      kCommitRecordKey,
      EncodeCommitRecord({.epoch = manifest()->epoch,
                          .next_generation = reserved_generation_}));
  return Write(*opened, batch);
}

absl::Status RocksTableStore::Write(OpenedStore& opened,
                                    const EngineBatch& batch) {
  absl::Status status = opened.engine->Write(batch);
  if (!status.ok()) {
    const MutexLock lock(mutex_);
    broken_ = status;
  }
  return status;
}

// The caller's list frees what is committed, outside the lock.
void RocksTableStore::Adopt(const PendingList& committed, Manifest next) {
  auto manifest = std::make_shared<const Manifest>(std::move(next));
  const MutexLock lock(mutex_);
  manifest_.swap(manifest);
  for (const auto& entry : committed) {
    pending_.erase(entry->generation->id());
  }
}

absl::StatusOr<Manifest> RocksTableStore::ReadManifest() {
  EMB_RETURN_IF_ERROR(Readable().status());
  return *manifest();
}

absl::StatusOr<std::vector<AppliedRequest>> RocksTableStore::ReadRequests() {
  EMB_ASSIGN_OR_RETURN(const std::shared_ptr<OpenedStore> opened, Readable());
  std::vector<AppliedRequest> requests;
  EMB_RETURN_IF_ERROR(opened->engine->ScanRecords(
      [&](absl::string_view key, absl::string_view value) -> absl::Status {
        if (!IsRequestRecordKey(key)) return absl::OkStatus();
        EMB_ASSIGN_OR_RETURN(AppliedRequest request,
                             DecodeRequestRecord(value));
        requests.push_back(std::move(request));
        return absl::OkStatus();
      }));
  SortByNumber(requests);
  return requests;
}

absl::Status RocksTableStore::ScanPatches(Generation generation,
                                          PatchVisitor visit) {
  EMB_ASSIGN_OR_RETURN(const std::shared_ptr<OpenedStore> opened, Readable());
  return opened->engine->ScanPatches(
      generation,
      [&](absl::string_view key, absl::string_view value) -> absl::Status {
        const int64_t row = NumberOfChunkKey(key);
        EMB_ASSIGN_OR_RETURN(
            const absl::Span<const std::byte> bytes,
            DecodePatch({.generation = generation, .row = row}, value));
        return visit(row, bytes);
      });
}

absl::Status RocksTableStore::ScanChunks(Generation generation, int64_t first,
                                         int64_t last, ChunkVisitor visit) {
  EMB_RETURN_IF_ERROR(CheckChunkRange(generation, first, last));
  EMB_ASSIGN_OR_RETURN(const std::shared_ptr<OpenedStore> opened, Readable());
  int64_t next = first;
  EMB_RETURN_IF_ERROR(opened->engine->ScanChunks(
      generation, first, last,
      [&](absl::string_view key, absl::string_view value) -> absl::Status {
        if (key != ChunkKey(generation, next)) {
          return MissingChunk(generation, next);
        }
        EMB_ASSIGN_OR_RETURN(
            const absl::Span<const std::byte> rows,
            DecodeChunk({.generation = generation, .number = next}, value));
        return visit(next++, rows);
      }));
  return next == last ? absl::OkStatus() : MissingChunk(generation, next);
}

absl::Status RocksTableStore::DeleteGeneration(Generation generation) {
  const MutexLock commit(commit_mutex_);
  EMB_ASSIGN_OR_RETURN(const std::shared_ptr<OpenedStore> opened, Readable());
  for (const VersionRecord& record : manifest()->versions) {
    if (record.generation == generation) {
      return absl::FailedPreconditionError(
          absl::StrCat("generation ", generation, ": in use by table \"",
                       record.spec.name, "\" v", record.version));
    }
  }
  std::shared_ptr<Pending> pending = FindPending(generation);
  {
    const MutexLock lock(mutex_);
    pending_.erase(generation);
  }
  pending.reset();  // Removes its files.
  // A failed commit may have been durable: then its chunks are needed.
  absl::Status writable = Writable().status();
  if (!writable.ok()) {
    garbage_.insert(generation);
    return writable;
  }
  return opened->engine->DropGeneration(generation);
}

absl::Status RocksTableStore::Close() {
  const MutexLock commit(commit_mutex_);
  std::shared_ptr<OpenedStore> opened;
  std::map<Generation, std::shared_ptr<Pending>> pending;
  absl::Status broken;
  {
    const MutexLock lock(mutex_);
    if (opened_ == nullptr) return absl::OkStatus();
    opened.swap(opened_);
    pending.swap(pending_);
    broken = broken_;
  }
  pending.clear();
  // A log that could not be written will not take a flush either.
  return broken.ok() ? opened->engine->Flush() : broken;
}

absl::Status RocksTableStore::CheckWritable() {
  const MutexLock commit(commit_mutex_);
  absl::Status status = Writable().status();
  if (!absl::IsResourceExhausted(status)) return status;
  EMB_ASSIGN_OR_RETURN(const std::shared_ptr<OpenedStore> opened, Readable());
  if (!opened->engine->Resume().ok()) return status;
  // Was the write that failed undone? Only then memory and disk agree.
  EMB_ASSIGN_OR_RETURN(const CommitRecord durable,
                       ReadCommitRecord(*opened->engine));
  reserved_generation_ = durable.next_generation;
  {
    const MutexLock lock(mutex_);
    broken_ = durable.epoch == manifest_->epoch
                  ? absl::OkStatus()
                  : absl::InternalError("a write that failed took effect");
  }
  EMB_RETURN_IF_ERROR(Writable().status());
  // If this fails, the next opening does it.
  for (const Generation generation : std::exchange(garbage_, {})) {
    opened->engine->DropGeneration(generation).IgnoreError();
  }
  return absl::OkStatus();
}

absl::Status RocksTableStore::WithCommitsHeld(HeldWork work) {
  const MutexLock commit(commit_mutex_);
  EMB_ASSIGN_OR_RETURN(const std::shared_ptr<OpenedStore> opened, Writable());
  return work(*opened, *manifest());
}

absl::Status RocksTableStore::AdoptRestored() {
  const MutexLock commit(commit_mutex_);
  std::shared_ptr<OpenedStore> opened;
  {
    const MutexLock lock(mutex_);
    if (opened_ == nullptr) return absl::FailedPreconditionError("closed");
    if (manifest_->epoch != 0 || !pending_.empty() ||
        opened_.use_count() != 1) {
      return absl::AbortedError("restore: a change has begun meanwhile");
    }
    opened.swap(opened_);
  }
  // A crash from here on finds no store, or the restored one as a whole.
  opened->engine.reset();
  absl::Status status = MakeEmptyDirectory(opened->data_dir->store_path());
  if (status.ok()) status = opened->data_dir->AdoptNewStore();
  if (status.ok()) status = OpenExisting(*opened);
  if (!status.ok()) return status;  // Closed; a restart says what is left.
  next_generation_ = reserved_generation_ = opened->next_generation;
  auto manifest = std::make_shared<const Manifest>(opened->manifest);
  const MutexLock lock(mutex_);
  manifest_.swap(manifest);
  opened_.swap(opened);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<TableStore>> OpenRocksTableStore(
    const RocksTableStoreOptions& options) {
  EMB_ASSIGN_OR_RETURN(OpenedStore opened, OpenStore(options.data_dir));
  return std::make_unique<RocksTableStore>(std::move(opened),
                                           options.file_bytes_max);
}

}  // namespace emb
