#include "core/table.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <utility>

#include "absl/numeric/bits.h"

namespace emb {
namespace {

constexpr int64_t kBlockBytes = 16 << 10;

int64_t NumBlocks(int64_t num_rows, const BlockGeometry& geometry) {
  return (num_rows + geometry.rows() - 1) >> geometry.rows_log2;
}

}  // namespace

BlockGeometry BlockGeometry::For(int64_t num_rows, int64_t row_bytes) {
  const auto fitting =
      static_cast<uint64_t>(std::max<int64_t>(1, kBlockBytes / row_bytes));
  const auto needed =
      absl::bit_ceil(static_cast<uint64_t>(std::max<int64_t>(1, num_rows)));
  const uint64_t rows = std::min(absl::bit_floor(fitting), needed);
  return {.row_bytes = row_bytes,
          .rows_log2 = static_cast<int>(absl::bit_width(rows)) - 1};
}

absl::Span<const std::byte> Table::ContiguousRows(int64_t first,
                                                  int64_t count) const {
  assert(first >= 0 && first < num_rows_ && count >= 1);
  const int64_t in_block = geometry_.rows() - (first & (geometry_.rows() - 1));
  const int64_t rows = std::min({count, in_block, num_rows_ - first});
  return {row(first), static_cast<size_t>(rows * row_bytes())};
}

int64_t Table::MemoryBytes(int64_t num_rows, int64_t row_bytes) {
  const auto geometry = BlockGeometry::For(num_rows, row_bytes);
  const int64_t blocks = NumBlocks(num_rows, geometry);
  const int64_t pages = (blocks + kPageBlocks - 1) >> kPageLog2;
  return BlockArena::MemoryBytes(geometry.bytes(), blocks) +
         pages * static_cast<int64_t>(sizeof(Page));
}

TableBuilder::TableBuilder(int64_t num_rows, const RowFormat& format)
    : table_(new Table) {
  assert(num_rows >= 1 && format.dim >= 1);
  table_->num_rows_ = num_rows;
  table_->format_ = format;
  table_->geometry_ = BlockGeometry::For(num_rows, format.row_bytes());
  const int64_t blocks = NumBlocks(num_rows, table_->geometry_);
  table_->arena_ =
      std::make_shared<BlockArena>(table_->geometry_.bytes(), blocks);
  table_->life_ = std::make_shared<BlockLife>(table_->arena_);
  for (int64_t first = 0; first < blocks; first += Table::kPageBlocks) {
    auto page = std::make_shared<Table::Page>();
    const int64_t used = std::min(Table::kPageBlocks, blocks - first);
    for (int64_t i = 0; i < used; ++i) {
      (*page)[static_cast<size_t>(i)] = table_->arena_->Allocate();
    }
    table_->root_.push_back(std::move(page));
  }
}

absl::Span<std::byte> TableBuilder::mutable_row(int64_t index) {
  // The builder still owns the only reference to these blocks.
  return {const_cast<std::byte*>(table_->row(index)),
          static_cast<size_t>(row_bytes())};
}

void TableBuilder::Write(int64_t offset, absl::Span<const std::byte> bytes) {
  const int64_t row_bytes = this->row_bytes();
  while (!bytes.empty()) {
    const int64_t row = offset / row_bytes;
    const int64_t in_row = offset % row_bytes;
    const auto contiguous = static_cast<int64_t>(
        table_->ContiguousRows(row, num_rows() - row).size());
    const auto count = static_cast<size_t>(
        std::min(contiguous - in_row, static_cast<int64_t>(bytes.size())));
    std::memcpy(mutable_row(row).data() + in_row, bytes.data(), count);
    offset += static_cast<int64_t>(count);
    bytes.remove_prefix(count);
  }
}

void TableBuilder::ZeroRow(int64_t index) {
  const auto row = mutable_row(index);
  std::fill(row.begin(), row.end(), std::byte{0});
}

std::unique_ptr<const Table> TableBuilder::Build() {
  return std::exchange(table_, nullptr);
}

}  // namespace emb
