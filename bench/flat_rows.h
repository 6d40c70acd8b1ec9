// Rows without a structure: what a gather would cost if nobody updated them.
#ifndef EMB_BENCH_FLAT_ROWS_H_
#define EMB_BENCH_FLAT_ROWS_H_

#include <cstddef>
#include <cstdint>

#include "core/id_span.h"

namespace emb::bench {

// FlatRows is one array of zeroed rows of kRowBytes, in huge pages where the
// system gives them.
//
// Threads  Immutable.
class FlatRows {
 public:
  explicit FlatRows(int64_t num_rows);
  ~FlatRows();

  FlatRows(const FlatRows&) = delete;
  FlatRows& operator=(const FlatRows&) = delete;

  // Copies row ids[i] to out[i * kRowBytes, (i + 1) * kRowBytes) for each i: as
  // CopyRows of core does, with as much prefetched as early and vectors of the
  // same width, but without a directory and without a look for absent ids.
  void Gather(IdSpan ids, std::byte* out) const;

 private:
  void* mapped_ = nullptr;
  const size_t mapped_bytes_;
  std::byte* rows_ = nullptr;  // In what is mapped, where a huge page begins.
};

}  // namespace emb::bench

#endif  // EMB_BENCH_FLAT_ROWS_H_
