// How core uses threads: it has none of its own, a caller lends some.
#ifndef EMB_CORE_PARALLEL_H_
#define EMB_CORE_PARALLEL_H_

#include <cstdint>

#include "absl/functional/function_ref.h"

namespace emb {

// Calls task(i) once for every i in [0, count), in any order and perhaps
// concurrently, and returns when all have returned.
using ParallelFor = absl::FunctionRef<void(
    int64_t count, absl::FunctionRef<void(int64_t index)> task)>;

// One after another on the calling thread.
inline void RunSerially(int64_t count,
                        absl::FunctionRef<void(int64_t index)> task) {
  for (int64_t i = 0; i < count; ++i) task(i);
}

}  // namespace emb

#endif  // EMB_CORE_PARALLEL_H_
