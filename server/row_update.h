// What a caller asks of the rows of tables, and what came of it.
#ifndef EMB_SERVER_ROW_UPDATE_H_
#define EMB_SERVER_ROW_UPDATE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/types/span.h"

namespace emb {

// New values for rows of the current version of one table. A view of what the
// request holds.
struct RowUpdate {
  std::string table;
  absl::Span<const int64_t> ids;  // Of one that is named twice the last counts.
  // Float32 elements, little-endian, not aligned, [ids.size(), dim].
  absl::Span<const std::byte> values;
  // Refuse the request unless the table is at this revision.
  std::optional<int64_t> expected_revision;
};

// Updates that are done together, or not at all.
struct UpsertRequest {
  // Names the request, so that it is done once however often it is sent;
  // empty: it is done each time.
  std::string request_id;
  std::vector<RowUpdate> updates;  // Each of another table.
};

struct UpsertResult {
  uint64_t epoch = 0;  // Lookups at this epoch and later see the rows.
  struct Table {
    int64_t version = 0;
    int64_t revision = 0;
  };
  std::vector<Table> tables;  // In the order of the request.
  bool repeated = false;  // It had been done before: this is what came then.
};

}  // namespace emb

#endif  // EMB_SERVER_ROW_UPDATE_H_
