// Makes a table from its rows as they come in.
#ifndef EMB_SERVER_TABLE_WRITER_H_
#define EMB_SERVER_TABLE_WRITER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "core/row_encoder.h"
#include "core/table.h"
#include "server/memory_budget.h"
#include "storage/digest.h"
#include "storage/table_store.h"

namespace emb {

// TableWriter takes the elements of a table in row order and keeps store,
// digest and, if wanted, memory in step: a chunk is written as soon as its last
// row is there. On their way rows are scaled down as max_norm says, the padding
// row is zeroed, then they are encoded as the table's dtype. Until its record
// is committed, nothing of it is visible.
//
// Threads  One thread.
class TableWriter {
 public:
  // Whether rows are kept in memory, for lookups.
  enum class Keep { kInMemory, kOnDiskOnly };

  // What a finished table is made of. Its generation is not committed yet.
  struct Result {
    VersionRecord record;               // Without created_at.
    std::unique_ptr<const Table> rows;  // Null: on disk only.
    MemoryBudget::Reservation reservation;
  };

  // What it takes in memory.
  static int64_t MemoryBytes(const TableSpec& spec, Keep keep);

  // Reserves and allocates the whole table, or one chunk.
  //
  // Errors   RESOURCE_EXHAUSTED  over the budget, or too little disk is free;
  //                              nothing was allocated.
  //          As TableStore::NewGeneration.
  // REQUIRES: spec is valid. `store` outlives the writer, `budget` the
  //           reservation.
  static absl::StatusOr<std::unique_ptr<TableWriter>> Start(
      const TableSpec& spec, int64_t version, TableStore& store,
      MemoryBudget& budget, Keep keep = Keep::kInMemory);

  // Without a successful Finish, deletes what was written.
  ~TableWriter();

  TableWriter(const TableWriter&) = delete;
  TableWriter& operator=(const TableWriter&) = delete;

  // Appends float32 elements, whatever the table's dtype, cut anywhere.
  //
  // Errors   INVALID_ARGUMENT  more bytes than the table's elements have, or an
  //                            element that its dtype cannot hold: names row,
  //                            column and element. The writer is of no more
  //                            use.
  //          As TableStore::WriteChunk.
  absl::Status Append(absl::Span<const std::byte> bytes);

  // Bytes appended so far.
  int64_t offset() const { return offset_; }
  // Bytes of memory that go with this object.
  int64_t memory_bytes() const { return reservation_.bytes(); }

  // Writes what is left. Call once.
  // Errors   INVALID_ARGUMENT  fewer bytes than the table has.
  //          As TableStore::WriteChunk.
  absl::StatusOr<Result> Finish();

  Generation generation() const { return record_.generation; }

 private:
  TableWriter(const VersionRecord& record, TableStore& store, Keep keep,
              MemoryBudget::Reservation reservation);

  absl::Status FinishRow();
  absl::Status WriteNextChunk();

  TableStore& store_;
  VersionRecord record_;
  MemoryBudget::Reservation reservation_;
  std::optional<TableBuilder> builder_;  // None: on disk only.
  TableDigester digester_;
  RowEncoder encoder_;
  std::vector<float> row_;        // The row that is coming in.
  std::vector<std::byte> chunk_;  // The rows of the next chunk so far.
  int64_t offset_ = 0;            // Bytes appended.
  int64_t rows_done_ = 0;
  int64_t next_chunk_ = 0;  // Chunks written.
  bool finished_ = false;
};

}  // namespace emb

#endif  // EMB_SERVER_TABLE_WRITER_H_
