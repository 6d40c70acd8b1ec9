#include "storage/version_record.h"

#include <algorithm>

namespace emb {

int64_t ChunkRows(int64_t row_bytes) {
  constexpr int64_t kChunkBytes = int64_t{256} << 10;
  return std::max(int64_t{1}, kChunkBytes / row_bytes);
}

}  // namespace emb
