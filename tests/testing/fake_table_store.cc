#include "tests/testing/fake_table_store.h"

#include <iterator>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/status_macros.h"
#include "storage/manifest.h"
#include "storage/record_format.h"

namespace emb {

FakeTableStore::FakeTableStore(std::shared_ptr<FakeDisk> disk)
    : disk_(std::move(disk)) {
  const MutexLock lock(disk_->mutex);
  const std::set<Generation> used = GenerationsOf(disk_->manifest);
  for (auto it = disk_->chunks.begin(); it != disk_->chunks.end();) {
    it = used.count(it->first) > 0 ? std::next(it) : disk_->chunks.erase(it);
  }
  for (auto it = disk_->patches.begin(); it != disk_->patches.end();) {
    it = used.count(it->first) > 0 ? std::next(it) : disk_->patches.erase(it);
  }
}

absl::Status FakeTableStore::CheckOpen() {
  if (!closed_) return absl::OkStatus();
  return absl::FailedPreconditionError("store: closed");
}

absl::Status FakeTableStore::CountWrite() {
  if (writes_to_failure_ == 0 || --writes_to_failure_ > 0) {
    return absl::OkStatus();
  }
  return failure_;
}

absl::StatusOr<Generation> FakeTableStore::NewGeneration() {
  const MutexLock lock(mutex_);
  EMB_RETURN_IF_ERROR(CheckOpen());
  const MutexLock disk_lock(disk_->mutex);
  const Generation id = disk_->next_generation++;
  disk_->chunks[id];
  return id;
}

absl::Status FakeTableStore::WriteChunk(Generation generation, int64_t number,
                                        absl::Span<const std::byte> rows) {
  Run(&FakeTableStore::on_write_chunk_);
  const MutexLock lock(mutex_);
  EMB_RETURN_IF_ERROR(CheckOpen());
  EMB_RETURN_IF_ERROR(CountWrite());
  const MutexLock disk_lock(disk_->mutex);
  const auto found = disk_->chunks.find(generation);
  if (found == disk_->chunks.end() ||
      GenerationsOf(disk_->manifest).count(generation) > 0) {
    return absl::FailedPreconditionError(absl::StrCat(
        "generation ", generation, ": not open for writing, want a new one"));
  }
  auto& chunks = found->second;
  EMB_RETURN_IF_ERROR(CheckChunk(
      generation, static_cast<int64_t>(chunks.size()), number, rows.size()));
  std::string chunk =
      EncodeChunk({.generation = generation, .number = number}, rows);
  const auto [place, is_new] = chunks.emplace(number, chunk);
  if (is_new || place->second == chunk) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("generation ", generation, " chunk ", number,
                   ": written before with other bytes, want the same"));
}

absl::StatusOr<uint64_t> FakeTableStore::Commit(const Edit& edit) {
  Run(&FakeTableStore::on_commit_);
  const MutexLock lock(mutex_);
  EMB_RETURN_IF_ERROR(CheckOpen());
  EMB_RETURN_IF_ERROR(CountWrite());
  const MutexLock disk_lock(disk_->mutex);
  EMB_ASSIGN_OR_RETURN(Manifest next, ApplyEdit(disk_->manifest, edit));
  EMB_RETURN_IF_ERROR(CheckEdit(edit, next));
  for (const RowPatches& patches : edit.patches) {
    const size_t row_bytes = patches.bytes.size() / patches.rows.size();
    for (size_t i = 0; i < patches.rows.size(); ++i) {
      disk_->patches[patches.generation][patches.rows[i]] =
          EncodePatch({patches.generation, patches.rows[i]},
                      patches.bytes.subspan(i * row_bytes, row_bytes));
    }
  }
  for (const AppliedRequest& request : edit.requests) {
    AppliedRequest& kept =
        disk_->requests[request.number % kAppliedRequestsKept];
    kept = request;
    kept.epoch = next.epoch;
  }
  disk_->manifest = std::move(next);
  num_syncs_ += edit.sync ? 1 : 0;
  return disk_->manifest.epoch;
}

absl::Status FakeTableStore::CheckEdit(const Edit& edit, const Manifest& next) {
  for (const VersionRecord& record : NewlyPlaced(edit, disk_->manifest)) {
    const auto found = disk_->chunks.find(record.generation);
    EMB_RETURN_IF_ERROR(CheckComplete(
        record, found == disk_->chunks.end()
                    ? 0
                    : static_cast<int64_t>(found->second.size())));
  }
  for (const auto* const records : {&edit.add, &edit.replace}) {
    for (const VersionRecord& record : *records) {
      EMB_RETURN_IF_ERROR(EncodeReadableRecord(record).status());
    }
  }
  for (const RowPatches& patches : edit.patches) {
    if (disk_->chunks.count(patches.generation) > 0) continue;
    EMB_RETURN_IF_ERROR(CheckInUse(next, patches.generation));
  }
  return absl::OkStatus();
}

absl::Status FakeTableStore::Sync() {
  const MutexLock lock(mutex_);
  EMB_RETURN_IF_ERROR(CheckOpen());
  EMB_RETURN_IF_ERROR(CountWrite());
  ++num_syncs_;
  return absl::OkStatus();
}

absl::StatusOr<Manifest> FakeTableStore::ReadManifest() {
  const MutexLock lock(mutex_);
  EMB_RETURN_IF_ERROR(CheckOpen());
  const MutexLock disk_lock(disk_->mutex);
  return disk_->manifest;
}

absl::StatusOr<std::vector<AppliedRequest>> FakeTableStore::ReadRequests() {
  const MutexLock lock(mutex_);
  EMB_RETURN_IF_ERROR(CheckOpen());
  const MutexLock disk_lock(disk_->mutex);
  std::vector<AppliedRequest> requests;
  for (const auto& [place, request] : disk_->requests) {
    requests.push_back(request);
  }
  SortByNumber(requests);
  return requests;
}

std::string FakeTableStore::ReadChunk(Generation generation, int64_t number) {
  const MutexLock disk_lock(disk_->mutex);
  const auto chunks = disk_->chunks.find(generation);
  if (chunks == disk_->chunks.end()) return "";
  const auto chunk = chunks->second.find(number);
  return chunk == chunks->second.end() ? "" : chunk->second;
}

absl::Status FakeTableStore::ScanChunks(Generation generation, int64_t first,
                                        int64_t last, ChunkVisitor visit) {
  EMB_RETURN_IF_ERROR(CheckChunkRange(generation, first, last));
  Run(&FakeTableStore::on_scan_chunks_);
  {
    const MutexLock lock(mutex_);
    EMB_RETURN_IF_ERROR(CheckOpen());
  }
  for (int64_t number = first; number < last; ++number) {
    const std::string chunk = ReadChunk(generation, number);
    if (chunk.empty()) return MissingChunk(generation, number);
    EMB_ASSIGN_OR_RETURN(
        const absl::Span<const std::byte> rows,
        DecodeChunk({.generation = generation, .number = number}, chunk));
    EMB_RETURN_IF_ERROR(visit(number, rows));
  }
  return absl::OkStatus();
}

absl::Status FakeTableStore::ScanPatches(Generation generation,
                                         PatchVisitor visit) {
  Run(&FakeTableStore::on_scan_patches_);
  std::map<int64_t, std::string> patches;
  {
    const MutexLock lock(mutex_);
    EMB_RETURN_IF_ERROR(CheckOpen());
    const MutexLock disk_lock(disk_->mutex);
    const auto found = disk_->patches.find(generation);
    if (found != disk_->patches.end()) patches = found->second;
  }
  for (const auto& [row, patch] : patches) {
    EMB_ASSIGN_OR_RETURN(
        const absl::Span<const std::byte> bytes,
        DecodePatch({.generation = generation, .row = row}, patch));
    EMB_RETURN_IF_ERROR(visit(row, bytes));
  }
  return absl::OkStatus();
}

absl::Status FakeTableStore::DeleteGeneration(Generation generation) {
  const MutexLock lock(mutex_);
  EMB_RETURN_IF_ERROR(CheckOpen());
  const MutexLock disk_lock(disk_->mutex);
  if (GenerationsOf(disk_->manifest).count(generation) > 0) {
    return absl::FailedPreconditionError(
        absl::StrCat("generation ", generation, ": in use"));
  }
  disk_->chunks.erase(generation);
  disk_->patches.erase(generation);
  return absl::OkStatus();
}

absl::Status FakeTableStore::Close() {
  const MutexLock lock(mutex_);
  closed_ = true;
  return absl::OkStatus();
}

void FakeTableStore::FailWrite(int64_t n, absl::Status status) {
  const MutexLock lock(mutex_);
  writes_to_failure_ = n;
  failure_ = std::move(status);
}

void FakeTableStore::OnCommit(std::function<void()> hook) {
  const MutexLock lock(mutex_);
  on_commit_ = std::move(hook);
}

void FakeTableStore::OnWriteChunk(std::function<void()> hook) {
  const MutexLock lock(mutex_);
  on_write_chunk_ = std::move(hook);
}

void FakeTableStore::OnScanChunks(std::function<void()> hook) {
  const MutexLock lock(mutex_);
  on_scan_chunks_ = std::move(hook);
}

void FakeTableStore::OnScanPatches(std::function<void()> hook) {
  const MutexLock lock(mutex_);
  on_scan_patches_ = std::move(hook);
}

void FakeTableStore::Run(std::function<void()> FakeTableStore::*hook) {
  std::function<void()> copy;
  {
    const MutexLock lock(mutex_);
    copy = this->*hook;
  }
  if (copy) copy();
}

void FakeTableStore::DamageChunk(Generation generation, int64_t number) {
  const MutexLock disk_lock(disk_->mutex);
  std::string& chunk = disk_->chunks.at(generation).at(number);
  chunk[chunk.size() / 2] = static_cast<char>(chunk[chunk.size() / 2] ^ 1);
}

void FakeTableStore::DamagePatch(Generation generation, int64_t row) {
  const MutexLock disk_lock(disk_->mutex);
  std::string& patch = disk_->patches.at(generation).at(row);
  patch[patch.size() / 2] = static_cast<char>(patch[patch.size() / 2] ^ 1);
}

void FakeTableStore::LoseChunk(Generation generation, int64_t number) {
  const MutexLock disk_lock(disk_->mutex);
  disk_->chunks.at(generation).erase(number);
}

int64_t FakeTableStore::num_syncs() {
  const MutexLock lock(mutex_);
  return num_syncs_;
}

int64_t FakeTableStore::num_generations() {
  const MutexLock disk_lock(disk_->mutex);
  return static_cast<int64_t>(disk_->chunks.size());
}

}  // namespace emb
