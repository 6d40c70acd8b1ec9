// The heart of a lookup: copies rows of a table by id.
#ifndef EMB_CORE_GATHER_H_
#define EMB_CORE_GATHER_H_

#include <cstddef>
#include <cstdint>
#include <optional>

#include "absl/types/span.h"
#include "core/table.h"

namespace emb {

// Position of the first id outside [0, num_rows), nullopt if there is none.
// An id equal to `padding_id` is never outside: the padding test comes first.
std::optional<size_t> FindIdOutside(absl::Span<const int64_t> ids,
                                    int64_t num_rows,
                                    std::optional<int64_t> padding_id);

// Copies row ids[i] to out[i * row_bytes, (i + 1) * row_bytes) for each i, in
// the rows' stored form. Order and repeats are kept. An id equal to
// `padding_id` gives zero bytes.
//
// Source   torch.nn.functional.embedding: element bits are unchanged.
// Cost     One copy of each row; rows a few ids ahead are prefetched.
// REQUIRES: no id is outside (FindIdOutside), and
//           out.size() == ids.size() * table.row_bytes().
void GatherRows(const Table& table, absl::Span<const int64_t> ids,
                std::optional<int64_t> padding_id, absl::Span<std::byte> out);

}  // namespace emb

#endif  // EMB_CORE_GATHER_H_
