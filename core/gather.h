// The heart of a lookup: copies rows of a table by id.
#ifndef EMB_CORE_GATHER_H_
#define EMB_CORE_GATHER_H_

#include <cstddef>
#include <cstdint>

#include "absl/types/span.h"
#include "core/absent_ids.h"
#include "core/id_span.h"
#include "core/table.h"

namespace emb {

// What becomes of a row on its way out.
enum class RowsAs {
  kStored,   // The bytes as they are.
  kFloat32,  // Decoded (DecodeRow); of float32 the same.
};

// Bytes of a row of the table that is written out so.
int64_t RowBytesAs(RowsAs as, const Table& table);

// Writes row ids[i] to out[i * row_bytes, (i + 1) * row_bytes) for each i, a
// row taking RowBytesAs(as, table). Order and repeats are kept. An absent id
// gives zero bytes.
//
// Source   torch.nn.functional.embedding: element bits are unchanged.
// Cost     One copy of each row, prefetched.
// REQUIRES: out.size() == ids.size() * RowBytesAs(as, table).
void GatherRows(const Table& table, IdSpan ids, const AbsentIds& absent,
                RowsAs as, absl::Span<std::byte> out);

// Where padding goes in a sequence that is too short, and what stays of one
// that is too long.
struct PadRule {
  enum class Side { kRight, kLeft };
  enum class Keep { kFirst, kLast };
  int64_t length = 0;  // Ids per padded sequence.
  Side side = Side::kRight;
  Keep keep = Keep::kFirst;
};

// Gathers sequences of ids, padded to one length: `out` is
// [lengths.size(), rule.length, RowBytesAs(as, table)], zero bytes at padding
// places.
//
// Source   torch.nn.utils.rnn.pad_sequence; left and truncation as in Keras'
//          pad_sequences.
// REQUIRES: lengths, each >= 0, add up to ids.size(); out has its size.
void GatherPadded(const Table& table, IdSpan ids,
                  absl::Span<const int64_t> lengths, const PadRule& rule,
                  const AbsentIds& absent, RowsAs as,
                  absl::Span<std::byte> out);

}  // namespace emb

#endif  // EMB_CORE_GATHER_H_
