// Fills drawn from a generator: uniform, normal, truncated normal.
//
// Numbers are drawn in order on the calling thread and turned into values in
// pieces, on the threads that the caller lends: the values do not depend on
// how many those are.
//
// Source: Tensor.uniform_, Tensor.normal_ and torch.nn.init.trunc_normal_ on a
// contiguous tensor (PyTorch 1.13.1, CPU). T is float or double.
#ifndef EMB_CORE_RANDOM_FILL_H_
#define EMB_CORE_RANDOM_FILL_H_

#include <cstdint>

#include "absl/functional/function_ref.h"
#include "absl/types/span.h"
#include "core/parallel.h"
#include "core/torch_mt19937.h"

namespace emb {

// Receives consecutive pieces of a fill; `offset` counts elements. Pieces
// come in order and cover the fill once.
template <typename T>
using FillSink =
    absl::FunctionRef<void(int64_t offset, absl::Span<const T> values)>;

// Elements that a thread turns into values, or a sink receives, at a time:
// fits an L2 cache.
inline constexpr int64_t kFillPiece = 65'536;

inline bool NeverCancelled() { return false; }

// Where a fill goes and which threads help with it.
template <typename T>
struct FillOutput {
  FillSink<T> sink;
  // Asked now and then: true gives up, and the rest is never handed over.
  absl::FunctionRef<bool()> cancelled = NeverCancelled;
  ParallelFor parallel = RunSerially;
  int num_threads = 1;  // How many `parallel` uses; a piece of memory each.

  // The same, into another sink.
  FillOutput To(FillSink<T> other) const {
    return {other, cancelled, parallel, num_threads};
  }
};

// Uniform on [low, high): fma(x, high - low, low) for x on [0, 1).
// Same bytes. REQUIRES: count >= 0, low <= high, high - low is finite in T.
template <typename T>
void FillUniform(double low, double high, int64_t count,
                 TorchMt19937& generator, const FillOutput<T>& output);

// Normal with this mean and standard deviation. float: the same bytes (below
// 16 elements to the last bit of the C library's log, sin and cos); double:
// within 1e-14 std. REQUIRES: count >= 0, std >= 0.
template <typename T>
void FillNormal(double mean, double std, int64_t count, TorchMt19937& generator,
                const FillOutput<T>& output);

// A normal distribution cut off at low and high, by inversion. Same bytes,
// given the same C library. REQUIRES: count >= 0, std > 0, low <= high.
template <typename T>
void FillTruncNormal(double mean, double std, double low, double high,
                     int64_t count, TorchMt19937& generator,
                     const FillOutput<T>& output);

}  // namespace emb

#endif  // EMB_CORE_RANDOM_FILL_H_
