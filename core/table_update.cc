#include "core/table_update.h"

#include <cassert>
#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/memory/memory.h"

namespace emb {

// TableUpdater copies what an update touches, once.
//
// Threads  One thread.
class TableUpdater {
 public:
  explicit TableUpdater(const Table& base)
      : base_(base), table_(absl::WrapUnique(new Table(base))) {}

  void SetRow(int64_t id, const std::byte* bytes) {
    const BlockGeometry& geometry = base_.geometry();
    std::byte* const block = OwnBlock(id >> geometry.rows_log2);
    std::memcpy(block + (id & (geometry.rows() - 1)) * geometry.row_bytes,
                bytes, static_cast<size_t>(geometry.row_bytes));
  }

  std::unique_ptr<const Table> Finish() {
    table_->life_ = base_.life_->Retire(std::move(replaced_));
    return std::move(table_);
  }

 private:
  std::byte* OwnBlock(int64_t block) {
    std::byte*& own = blocks_[block];
    if (own == nullptr) {
      const std::byte*& place =
          OwnPage(block >> Table::kPageLog2)[static_cast<size_t>(
              block & (Table::kPageBlocks - 1))];
      own = table_->arena_->Allocate();
      std::memcpy(own, place, static_cast<size_t>(base_.geometry().bytes()));
      replaced_.push_back(std::exchange(place, own));
    }
    return own;
  }

  Table::Page& OwnPage(int64_t index) {
    Table::Page*& own = pages_[index];
    if (own == nullptr) {
      std::shared_ptr<const Table::Page>& place =
          table_->root_[static_cast<size_t>(index)];
      auto copy = std::make_shared<Table::Page>(*place);
      own = copy.get();
      place = std::move(copy);
    }
    return *own;
  }

  const Table& base_;
  std::unique_ptr<Table> table_;
  // Copies made so far, by number.
  absl::flat_hash_map<int64_t, std::byte*> blocks_;
  absl::flat_hash_map<int64_t, Table::Page*> pages_;
  std::vector<const std::byte*> replaced_;
};

std::unique_ptr<const Table> UpdateRows(const Table& base, IdSpan ids,
                                        absl::Span<const std::byte> values) {
  const auto row_bytes = static_cast<size_t>(base.row_bytes());
  assert(values.size() == ids.size() * row_bytes);
  TableUpdater updater(base);
  for (size_t i = 0; i < ids.size(); ++i) {
    assert(ids[i] >= 0 && ids[i] < base.num_rows());
    updater.SetRow(ids[i], values.data() + i * row_bytes);
  }
  return updater.Finish();
}

int64_t UpdateGrowthBytes(const Table& base, IdSpan ids) {
  absl::flat_hash_set<int64_t> blocks;
  for (size_t i = 0; i < ids.size(); ++i) {
    blocks.insert(ids[i] >> base.geometry().rows_log2);
  }
  return base.arena_->GrowthBytes(static_cast<int64_t>(blocks.size()));
}

}  // namespace emb
