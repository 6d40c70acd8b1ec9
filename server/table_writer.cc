#include "server/table_writer.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "core/renormalise.h"
#include "core/status_macros.h"
#include "storage/store_maintenance.h"

namespace emb {

int64_t TableWriter::MemoryBytes(const TableSpec& spec, Keep keep) {
  const int64_t kept_rows =
      keep == Keep::kInMemory
          ? spec.num_rows
          : std::min(spec.num_rows, ChunkRows(spec.row_bytes()));
  return Table::MemoryBytes(kept_rows, spec.row_bytes());
}

absl::StatusOr<std::unique_ptr<TableWriter>> TableWriter::Start(
    const TableSpec& spec, int64_t version, TableStore& store,
    MemoryBudget& budget, Keep keep) {
  VersionRecord record;
  record.spec = spec;
  record.version = version;
  record.chunk_rows = ChunkRows(spec.row_bytes());
  EMB_ASSIGN_OR_RETURN(MemoryBudget::Reservation reservation,
                       budget.Reserve(MemoryBytes(spec, keep)));
  if (StoreMaintenance* const disk = store.maintenance(); disk != nullptr) {
    EMB_RETURN_IF_ERROR(disk->CheckSpaceFor(spec.data_bytes()));
  }
  EMB_ASSIGN_OR_RETURN(record.generation, store.NewGeneration());
  return absl::WrapUnique(
      new TableWriter(record, store, keep, std::move(reservation)));
}

TableWriter::TableWriter(const VersionRecord& record, TableStore& store,
                         Keep keep, MemoryBudget::Reservation reservation)
    : store_(store),
      record_(record),
      reservation_(std::move(reservation)),
      digester_(record.spec.num_rows, record.spec.dim, record.spec.dtype),
      encoder_(record.spec.row_format()),
      row_(static_cast<size_t>(record.spec.dim)) {
  if (keep == Keep::kInMemory) {
    builder_.emplace(record.spec.num_rows, record.spec.row_format());
  }
  chunk_.reserve(
      static_cast<size_t>(record.chunk_end(0) * record.spec.row_bytes()));
}

TableWriter::~TableWriter() {
  // If this fails, the next start of the store deletes it.
  if (!finished_) store_.DeleteGeneration(record_.generation).IgnoreError();
}

absl::Status TableWriter::Append(absl::Span<const std::byte> bytes) {
  const TableSpec& spec = record_.spec;
  const auto size = static_cast<int64_t>(bytes.size());
  if (size > spec.element_bytes() - offset_) {
    return absl::InvalidArgumentError(absl::StrCat(
        "data: ", offset_ + size, " bytes, want ", spec.element_bytes(),
        " for ", spec.num_rows, " rows of ", spec.dim, " float32"));
  }
  const auto row = absl::MakeSpan(row_);
  const auto row_bytes = row.size() * sizeof(float);
  while (!bytes.empty()) {
    const size_t in_row = static_cast<size_t>(offset_) % row_bytes;
    const size_t count = std::min(row_bytes - in_row, bytes.size());
    std::memcpy(reinterpret_cast<std::byte*>(row.data()) + in_row, bytes.data(),
                count);
    bytes.remove_prefix(count);
    offset_ += static_cast<int64_t>(count);
    if (in_row + count == row_bytes) {
      EMB_RETURN_IF_ERROR(FinishRow());
    }
  }
  return absl::OkStatus();
}

absl::Status TableWriter::FinishRow() {
  const TableSpec& spec = record_.spec;
  const int64_t index = rows_done_++;
  if (spec.max_norm.has_value()) {
    RenormaliseRow({*spec.max_norm, spec.norm_type}, absl::MakeSpan(row_));
  }
  if (spec.zero_row() == index) std::fill(row_.begin(), row_.end(), 0.0F);
  const size_t begin = chunk_.size();
  chunk_.resize(begin + static_cast<size_t>(spec.row_bytes()));
  const absl::Status encoded =
      encoder_.Encode(row_, absl::MakeSpan(chunk_).subspan(begin));
  if (!encoded.ok()) {
    return {encoded.code(),
            absl::StrCat("row ", index, ", ", encoded.message())};
  }
  const bool is_last_of_chunk = rows_done_ == record_.chunk_end(next_chunk_);
  return is_last_of_chunk ? WriteNextChunk() : absl::OkStatus();
}

absl::Status TableWriter::WriteNextChunk() {
  digester_.Update(chunk_);
  if (builder_.has_value()) {
    builder_->Write(record_.chunk_begin(next_chunk_) * record_.spec.row_bytes(),
                    chunk_);
  }
  EMB_RETURN_IF_ERROR(
      store_.WriteChunk(record_.generation, next_chunk_, chunk_));
  chunk_.clear();
  ++next_chunk_;
  return absl::OkStatus();
}

absl::StatusOr<TableWriter::Result> TableWriter::Finish() {
  if (offset_ != record_.spec.element_bytes()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "data: ", offset_, " bytes, want ", record_.spec.element_bytes()));
  }
  record_.digest = digester_.Finish();
  if (record_.spec.dtype != DType::kFloat32) {
    record_.quantization_error = encoder_.error();
  }
  finished_ = true;
  return Result{record_, builder_ ? builder_->Build() : nullptr,
                std::move(reservation_)};
}

}  // namespace emb
