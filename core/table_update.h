// New rows for a table: a new table that shares all others.
#ifndef EMB_CORE_TABLE_UPDATE_H_
#define EMB_CORE_TABLE_UPDATE_H_

#include <cstddef>
#include <memory>

#include "absl/types/span.h"
#include "core/id_span.h"
#include "core/table.h"

namespace emb {

// Makes the table that `base` becomes when row ids[i] is replaced by the bytes
// values[i * row_bytes, (i + 1) * row_bytes), for each i in order: of one that
// is named twice the last counts. Blocks without a new row are shared, and
// `base` is not changed: who reads it goes on.
//
// Threads  One update at a time, of the newest table of a chain; tables may be
//          read, and let go of, at the same time.
// Cost     A copy of each block (16 KiB) and page (8 KiB) that has a new row:
//          so many rows at once are cheaper than one by one.
// REQUIRES: every id is in [0, base.num_rows()),
//           values.size() == ids.size() * base.row_bytes(), and `base` has not
//           been updated before.
std::unique_ptr<const Table> UpdateRows(const Table& base, IdSpan ids,
                                        absl::Span<const std::byte> values);

// Bytes of memory that such an update takes beyond what the table has, at most.
int64_t UpdateGrowthBytes(const Table& base, IdSpan ids);

}  // namespace emb

#endif  // EMB_CORE_TABLE_UPDATE_H_
