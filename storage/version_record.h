// What the store remembers of one version of a table.
#ifndef EMB_STORAGE_VERSION_RECORD_H_
#define EMB_STORAGE_VERSION_RECORD_H_

#include <algorithm>
#include <cstdint>
#include <optional>

#include "absl/time/time.h"
#include "core/row_encoder.h"
#include "core/table_spec.h"
#include "storage/digest.h"

namespace emb {

// One publication of a table. Its rows as of folded_revision lie in the chunks
// [0, num_chunks()) of `generation`, chunk_rows to a chunk, the last one
// shorter; what became of them later, in the generation's row patches.
struct VersionRecord {
  TableSpec spec;
  int64_t version = 0;  // 1, 2, 3 ...
  uint64_t generation = 0;
  int64_t chunk_rows = 0;
  int64_t revision = 0;         // Row updates applied since it was published.
  int64_t folded_revision = 0;  // Of the rows in the chunks.
  Digest digest = {};           // Of the rows in the chunks.
  absl::Time created_at;        // Stored in whole microseconds.
  // Of the rows as they were published; nullopt for float32.
  std::optional<QuantizationError> quantization_error;
  // Kept, and kept in memory, until it is unpinned.
  bool pinned = false;

  int64_t num_chunks() const {
    return (spec.num_rows + chunk_rows - 1) / chunk_rows;
  }
  // Rows [chunk_begin(c), chunk_end(c)) are in chunk c.
  int64_t chunk_begin(int64_t chunk) const { return chunk * chunk_rows; }
  int64_t chunk_end(int64_t chunk) const {
    return std::min(spec.num_rows, chunk_begin(chunk + 1));
  }
};

// Largest chunk that is stored, in bytes of rows.
inline constexpr int64_t kChunkBytesMax = int64_t{64} << 20;

// Rows per chunk such that a chunk is about 256 KiB: cold scans are as fast
// from 16 KiB to 4 MiB, and a small chunk keeps rewrites and memory small.
// REQUIRES: row_bytes >= 1.
int64_t ChunkRows(int64_t row_bytes);

}  // namespace emb

#endif  // EMB_STORAGE_VERSION_RECORD_H_
