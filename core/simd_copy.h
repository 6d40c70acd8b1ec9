// Copies rows in vectors, chosen for the CPU at run time.
#ifndef EMB_CORE_SIMD_COPY_H_
#define EMB_CORE_SIMD_COPY_H_

#include <cstddef>

#include "core/absent_ids.h"
#include "core/id_span.h"
#include "core/table.h"

namespace emb {

// Copies row ids[i] to out[i * row_bytes, (i + 1) * row_bytes) for each i,
// zeros for an absent one. A loop of its own, since a call of memcpy for each
// row of 256 bytes would cost a tenth of a gather.
void CopyRows(const Table& table, IdSpan ids, const AbsentIds& absent,
              std::byte* out);

}  // namespace emb

#endif  // EMB_CORE_SIMD_COPY_H_
