#include "server/table_writer.h"

#include <algorithm>
#include <utility>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "core/renormalise.h"
#include "core/status_macros.h"

namespace emb {

absl::StatusOr<std::unique_ptr<TableWriter>> TableWriter::Start(
    const TableSpec& spec, int64_t version, TableStore& store,
    MemoryBudget& budget) {
  EMB_ASSIGN_OR_RETURN(
      MemoryBudget::Reservation reservation,
      budget.Reserve(Table::MemoryBytes(spec.num_rows, spec.row_bytes())));
  VersionRecord record;
  record.spec = spec;
  record.version = version;
  record.chunk_rows = ChunkRows(spec.row_bytes());
  EMB_ASSIGN_OR_RETURN(record.generation, store.NewGeneration());
  return absl::WrapUnique(
      new TableWriter(record, store, std::move(reservation)));
}

TableWriter::TableWriter(const VersionRecord& record, TableStore& store,
                         MemoryBudget::Reservation reservation)
    : store_(store),
      record_(record),
      reservation_(std::move(reservation)),
      builder_(record.spec.num_rows, record.spec.row_bytes()),
      digester_(record.spec.num_rows, record.spec.dim, record.spec.dtype) {}

TableWriter::~TableWriter() {
  // If this fails, the next start of the store deletes it.
  if (!finished_) store_.DeleteGeneration(record_.generation).IgnoreError();
}

absl::Status TableWriter::Append(absl::Span<const std::byte> bytes) {
  const TableSpec& spec = record_.spec;
  const auto size = static_cast<int64_t>(bytes.size());
  if (size > spec.data_bytes() - offset_) {
    return absl::InvalidArgumentError(absl::StrCat(
        "data: ", offset_ + size, " bytes, want ", spec.data_bytes(), " for ",
        spec.num_rows, " rows of ", spec.row_bytes(), " bytes"));
  }
  const int64_t rows_before = offset_ / spec.row_bytes();
  builder_.Write(offset_, bytes);
  offset_ += size;
  FinishRows(rows_before, offset_ / spec.row_bytes());
  return WriteChunks();
}

// As soon as a row is complete, and so before its chunk is written.
void TableWriter::FinishRows(int64_t begin, int64_t end) {
  const TableSpec& spec = record_.spec;
  if (spec.max_norm.has_value()) {
    const MaxNorm max_norm = {*spec.max_norm, spec.norm_type};
    for (int64_t row = begin; row < end; ++row) {
      const auto bytes = builder_.mutable_row(row);
      RenormaliseRow(max_norm, {reinterpret_cast<float*>(bytes.data()),
                                static_cast<size_t>(spec.dim)});
    }
  }
  const auto zero_row = spec.zero_row();
  if (zero_row >= begin && zero_row < end) builder_.ZeroRow(*zero_row);
}

absl::Status TableWriter::WriteChunks() {
  const int64_t rows = offset_ / record_.spec.row_bytes();
  while (next_chunk_ < record_.num_chunks() &&
         record_.chunk_end(next_chunk_) <= rows) {
    EMB_RETURN_IF_ERROR(WriteNextChunk());
  }
  return absl::OkStatus();
}

absl::Status TableWriter::WriteNextChunk() {
  const int64_t first = record_.chunk_begin(next_chunk_);
  const int64_t last = record_.chunk_end(next_chunk_);
  chunk_.clear();
  for (int64_t row = first; row < last;) {
    const auto rows = builder_.ContiguousRows(row, last - row);
    chunk_.insert(chunk_.end(), rows.begin(), rows.end());
    row += static_cast<int64_t>(rows.size()) / builder_.row_bytes();
  }
  digester_.Update(chunk_);
  EMB_RETURN_IF_ERROR(
      store_.WriteChunk(record_.generation, next_chunk_, chunk_));
  ++next_chunk_;
  return absl::OkStatus();
}

absl::StatusOr<TableWriter::Result> TableWriter::Finish() {
  if (offset_ != record_.spec.data_bytes()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "data: ", offset_, " bytes, want ", record_.spec.data_bytes()));
  }
  record_.digest = digester_.Finish();
  finished_ = true;
  return Result{record_, builder_.Build(), std::move(reservation_)};
}

}  // namespace emb
