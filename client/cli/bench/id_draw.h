// Which rows a load asks for.
#ifndef EMB_CLIENT_CLI_BENCH_ID_DRAW_H_
#define EMB_CLIENT_CLI_BENCH_ID_DRAW_H_

#include <cstdint>
#include <memory>

#include "absl/types/span.h"

namespace emb {

// IdDraw is an endless sequence of ids of one table, the same for equal
// arguments.
//
// Threads  One thread.
class IdDraw {
 public:
  virtual ~IdDraw() = default;
  virtual int64_t Next() = 0;
};

// Every row as likely as any other.
// REQUIRES: num_rows >= 1, in all of them.
std::unique_ptr<IdDraw> DrawUniform(int64_t num_rows, uint64_t seed);

// Rows by Zipf's law (zipf_ranks.h), popular ones scattered over the table by
// Scatter: in real tables too they are not neighbours.
std::unique_ptr<IdDraw> DrawZipf(int64_t num_rows, double exponent,
                                 uint64_t seed);

// The ids of `trace` in order, and again from its beginning.
// REQUIRES: `trace` is not empty and outlives it.
std::unique_ptr<IdDraw> DrawTrace(absl::Span<const int64_t> trace);

// Scatter is a permutation of [0, size) under which neighbours are far apart:
// k goes to (k * step + seed) mod size, where step has no divisor in common
// with size and is near size / golden ratio: the first ranks, however many, are
// spread over all of it.
//
// Threads  Immutable.
class Scatter {
 public:
  // REQUIRES: 1 <= size < 2^62.
  Scatter(int64_t size, uint64_t seed);

  // REQUIRES: 0 <= k < size.
  int64_t operator()(int64_t k) const;

 private:
  const int64_t size_;
  const int64_t step_;
  const int64_t offset_;
};

}  // namespace emb

#endif  // EMB_CLIENT_CLI_BENCH_ID_DRAW_H_
