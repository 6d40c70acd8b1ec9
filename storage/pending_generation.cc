#include "storage/pending_generation.h"

#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/status_macros.h"
#include "storage/record_format.h"

namespace emb {
namespace {

constexpr int64_t kBufferedBytesMax = int64_t{1} << 20;

}  // namespace

PendingGeneration::PendingGeneration(Options options, RocksEngine& engine)
    : options_(std::move(options)), engine_(engine) {}

PendingGeneration::~PendingGeneration() {
  file_.reset();
  for (const std::string& path : paths_) {
    // What stays behind is removed when the store is opened again.
    std::error_code ignored;
    std::filesystem::remove(path, ignored);
  }
}

absl::Status PendingGeneration::Append(int64_t number,
                                       absl::Span<const std::byte> rows) {
  EMB_RETURN_IF_ERROR(broken_);
  EMB_RETURN_IF_ERROR(CheckChunk(id(), num_chunks_, number, rows.size()));
  if (ingested_) {
    return absl::FailedPreconditionError(absl::StrCat(
        "generation ", id(), ": a commit has begun, want no more chunks"));
  }
  std::string chunk = EncodeChunk({.generation = id(), .number = number}, rows);
  const uint64_t checksum = ChecksumOf(chunk);
  if (number == num_chunks_ - 1) {
    if (checksum == last_checksum_) return absl::OkStatus();
    return absl::InvalidArgumentError(
        absl::StrCat("generation ", id(), " chunk ", number,
                     ": written before with other bytes, want the same"));
  }
  const auto bytes = static_cast<int64_t>(chunk.size());
  if (!spilled_ && buffered_bytes_ + bytes <= kBufferedBytesMax) {
    buffered_bytes_ += bytes;
    buffered_.push_back(std::move(chunk));
  } else {
    EMB_RETURN_IF_ERROR(Spill());
    EMB_RETURN_IF_ERROR(AppendToFile(number, chunk));
  }
  ++num_chunks_;
  last_checksum_ = checksum;
  return absl::OkStatus();
}

absl::Status PendingGeneration::Spill() {
  spilled_ = true;
  for (size_t i = 0; i < buffered_.size(); ++i) {
    EMB_RETURN_IF_ERROR(AppendToFile(static_cast<int64_t>(i), buffered_[i]));
  }
  buffered_.clear();
  buffered_bytes_ = 0;
  return absl::OkStatus();
}

absl::Status PendingGeneration::AppendToFile(int64_t number,
                                             const std::string& chunk) {
  EMB_RETURN_IF_ERROR(broken_);
  if (file_ == nullptr) {
    const std::string path =
        absl::StrCat(options_.directory, "/", id(), "-", paths_.size(), ".sst");
    paths_.push_back(path);
    auto file = engine_.NewFile(path);
    if (!file.ok()) return broken_ = file.status();
    file_ = *std::move(file);
    file_bytes_ = 0;
  }
  broken_ = file_->Append(ChunkKey(id(), number), chunk);
  EMB_RETURN_IF_ERROR(broken_);
  file_bytes_ += static_cast<int64_t>(chunk.size());
  if (file_bytes_ >= options_.file_bytes_max) return FinishFile();
  return absl::OkStatus();
}

absl::Status PendingGeneration::FinishFile() {
  if (file_ == nullptr) return absl::OkStatus();
  broken_ = file_->Finish();
  file_.reset();
  return broken_;
}

absl::Status PendingGeneration::Ingest() {
  EMB_RETURN_IF_ERROR(broken_);
  if (ingested_ || !spilled_) return absl::OkStatus();
  EMB_RETURN_IF_ERROR(FinishFile());
  // Not tried again: some files may have been moved already.
  broken_ = engine_.Ingest(paths_);
  ingested_ = broken_.ok();
  return broken_;
}

}  // namespace emb
