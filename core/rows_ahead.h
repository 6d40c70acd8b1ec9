// Rows of a table by id, asked of the memory before they are read.
#ifndef EMB_CORE_ROWS_AHEAD_H_
#define EMB_CORE_ROWS_AHEAD_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "core/absent_ids.h"
#include "core/id_span.h"
#include "core/table.h"

namespace emb {

// RowsAhead gives the rows of `ids` one after another. Each was found and
// prefetched kDistance rows before its turn: a row at random is not in any
// cache, and one alone would take as long as a dozen at once.
//
// Threads  One thread.
// Owns     Nothing; what it was made of outlives it.
class RowsAhead {
 public:
  // 16 to 64 measure alike; 8 is slower.
  static constexpr size_t kDistance = 32;

  RowsAhead(const Table& table, IdSpan ids, const AbsentIds& absent)
      : table_(table),
        ids_(ids),
        absent_(absent),
        row_bytes_(std::min(table.row_bytes(), kPrefetchBytesMax)) {
    for (size_t i = 0; i < std::min(kDistance, ids.size()); ++i) Find(i);
  }

  // The next row; null for an absent id.
  // REQUIRES: called at most ids.size() times.
  const std::byte* Next() {
    const std::byte* const row = rows_[next_ % kDistance];
    if (next_ + kDistance < ids_.size()) Find(next_ + kDistance);
    ++next_;
    return row;
  }

 private:
  // The hardware follows a row beyond its first lines by itself.
  static constexpr int64_t kPrefetchBytesMax = 256;
  static constexpr int64_t kCacheLineBytes = 64;

  // Into the second level of caches: the first has few places for lines that
  // are under way. A gather from 256 MB takes 20 % longer by way of the first.
  static void Prefetch(const std::byte* line) {
    constexpr int kRead = 0;
    constexpr int kSecondLevel = 2;
    __builtin_prefetch(line, kRead, kSecondLevel);
  }

  void Find(size_t i) {
    const std::byte*& row = rows_[i % kDistance];
    if (absent_.Contains(ids_[i])) {
      row = nullptr;
      return;
    }
    row = table_.row(ids_[i]);
    if (row_bytes_ == kPrefetchBytesMax) {  // No loop for most of all rows.
      for (int64_t line = 0; line < kPrefetchBytesMax;
           line += kCacheLineBytes) {
        Prefetch(row + line);
      }
      return;
    }
    for (int64_t line = 0; line < row_bytes_; line += kCacheLineBytes) {
      Prefetch(row + line);
    }
    // Such a row need not begin where a line does.
    Prefetch(row + row_bytes_ - 1);
  }

  const Table& table_;
  const IdSpan ids_;
  const AbsentIds& absent_;
  const int64_t row_bytes_;
  size_t next_ = 0;
  const std::byte* rows_[kDistance];  // Of the ids from next_ on.
};

}  // namespace emb

#endif  // EMB_CORE_ROWS_AHEAD_H_
