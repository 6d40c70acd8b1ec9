// The matrix of embedding rows that every lookup reads.
//
// Rows live in blocks of about 16 KiB, found through a two-level directory:
//
//   root --> page of 1,024 block pointers --> block of 2^k rows
//
// so that an update can share every block it does not touch with the table
// it was made from, while a gather stays as fast as over one flat array
// (docs/adr/0002-publish-immutable-snapshots.md).
#ifndef EMB_CORE_TABLE_H_
#define EMB_CORE_TABLE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "core/block_arena.h"
#include "core/block_life.h"
#include "core/id_span.h"
#include "core/row_format.h"

namespace emb {

// How rows are laid out in blocks; a function of the row size alone.
struct BlockGeometry {
  int64_t row_bytes = 0;
  int rows_log2 = 0;  // A block holds 2^rows_log2 rows.

  // Blocks of at most 16 KiB, or of one row where a row is larger. No more
  // rows than num_rows needs, so that a small table stays small.
  static BlockGeometry For(int64_t num_rows, int64_t row_bytes);

  int64_t rows() const { return int64_t{1} << rows_log2; }
  int64_t bytes() const { return rows() * row_bytes; }
};

// Table is an immutable matrix of rows in their stored form.
//
// Shape    [num_rows, dim] elements in row_bytes() a row; rows of a block are
//          packed, and a block starts on a 64-byte boundary.
// Threads  Immutable: every method may be called concurrently.
// Owns     Its blocks, perhaps together with the tables that UpdateRows made
//          it from or of it. Pointers from it live as long as the table.
class Table {
 public:
  int64_t num_rows() const { return num_rows_; }
  const RowFormat& format() const { return format_; }
  int64_t row_bytes() const { return geometry_.row_bytes; }
  const BlockGeometry& geometry() const { return geometry_; }

  // The bytes of row `index`. REQUIRES: 0 <= index < num_rows().
  const std::byte* row(int64_t index) const {
    const int64_t block = index >> geometry_.rows_log2;
    const Page& page = *root_[static_cast<size_t>(block >> kPageLog2)];
    return page[static_cast<size_t>(block & (kPageBlocks - 1))] +
           (index & (geometry_.rows() - 1)) * geometry_.row_bytes;
  }

  // Rows first, first + 1, ... that lie one after another in memory, at
  // least one and at most `count`: for streaming a table in order.
  // REQUIRES: 0 <= first < num_rows(), count >= 1.
  absl::Span<const std::byte> ContiguousRows(int64_t first,
                                             int64_t count) const;

  // Bytes of memory that its rows take, with those of the tables that
  // UpdateRows made of it or it of, and what they have let go of.
  int64_t arena_bytes() const { return arena_->bytes(); }

  // Lets go of `owner` once that memory has been freed: such as a part of a
  // budget.
  void KeepWithMemory(std::shared_ptr<const void> owner) const {
    arena_->KeepUntilFreed(std::move(owner));
  }

  // Bytes of memory that a table of this shape takes.
  static int64_t MemoryBytes(int64_t num_rows, int64_t row_bytes);

 private:
  friend class TableBuilder;
  friend class TableUpdater;
  friend int64_t UpdateGrowthBytes(const Table&, IdSpan);
  static constexpr int kPageLog2 = 10;
  static constexpr int64_t kPageBlocks = int64_t{1} << kPageLog2;
  using Page = std::array<const std::byte*, kPageBlocks>;

  Table() = default;

  int64_t num_rows_ = 0;
  RowFormat format_;
  BlockGeometry geometry_;
  std::vector<std::shared_ptr<const Page>> root_;
  std::shared_ptr<BlockArena> arena_;  // Holds what the pages point to.
  std::shared_ptr<BlockLife> life_;  // Of blocks that the next table replaces.
};

// TableBuilder fills a table and then freezes it.
//
// Threads  Thread-compatible; disjoint rows may be written concurrently.
class TableBuilder {
 public:
  // Allocates all rows, zeroed.
  // REQUIRES: num_rows >= 1, dim >= 1, and all bytes fit int64.
  TableBuilder(int64_t num_rows, const RowFormat& format);

  int64_t num_rows() const { return table_->num_rows_; }
  int64_t row_bytes() const { return table_->row_bytes(); }

  // Copies `bytes` over the matrix from byte `offset` on, seen as one
  // row-major array without gaps.
  // REQUIRES: the range lies inside the matrix.
  void Write(int64_t offset, absl::Span<const std::byte> bytes);

  // The bytes of a row, to be changed in place; they live until Build.
  // REQUIRES: 0 <= index < num_rows().
  absl::Span<std::byte> mutable_row(int64_t index);

  // Sets a row to zero bytes. REQUIRES: 0 <= index < num_rows().
  void ZeroRow(int64_t index);

  // As Table::ContiguousRows, of what has been written so far.
  absl::Span<const std::byte> ContiguousRows(int64_t first,
                                             int64_t count) const {
    return table_->ContiguousRows(first, count);
  }

  // Freezes the table. Call once; the builder is empty afterwards.
  std::unique_ptr<const Table> Build();

 private:
  std::unique_ptr<Table> table_;
};

}  // namespace emb

#endif  // EMB_CORE_TABLE_H_
