// Compiled once for every instruction set; HWY_EXPORT chooses at run time.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/simd_pooling.cc"
#include "core/simd_pooling.h"

#include <cassert>
#include <cmath>
#include <cstddef>

#include "hwy/foreach_target.h"  // Must come before highway.h.
#include "hwy/highway.h"
// Once per target too.
#include "core/simd_fma-inl.h"

HWY_BEFORE_NAMESPACE();
namespace emb::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

// A reduction: what one column begins with and how a row's element joins it.
// `i` is the row's index.
struct Sum {
  template <class D>
  HWY_INLINE hn::Vec<D> First(D d, hn::Vec<D> row) const {
    return hn::Add(hn::Zero(d), row);  // -0 becomes +0.
  }
  template <class D>
  HWY_INLINE hn::Vec<D> Join(D /*d*/, hn::Vec<D> sum, hn::Vec<D> row,
                             size_t /*i*/) const {
    return hn::Add(sum, row);
  }
};

template <Rounding kRounding>
struct WeightedSum {
  const float* weights;

  template <class D>
  HWY_INLINE hn::Vec<D> First(D d, hn::Vec<D> row) const {
    return Join(d, hn::Zero(d), row, 0);
  }
  template <class D>
  HWY_INLINE hn::Vec<D> Join(D d, hn::Vec<D> sum, hn::Vec<D> row,
                             size_t i) const {
    const auto weight = hn::Set(d, weights[i]);
    if constexpr (kRounding == Rounding::kOnce) {
      return Fma(d, weight, row, sum);
    } else {
      return hn::Add(sum, hn::Mul(weight, row));
    }
  }
};

struct Max {
  template <class D>
  HWY_INLINE hn::Vec<D> First(D /*d*/, hn::Vec<D> row) const {
    return row;
  }
  template <class D>
  HWY_INLINE hn::Vec<D> Join(D /*d*/, hn::Vec<D> max, hn::Vec<D> row,
                             size_t /*i*/) const {
    return hn::IfThenElse(hn::Gt(row, max), row, max);
  }
};

// Reduces kVectors vectors of columns from `column` on, kept in registers over
// all rows.
template <size_t kVectors, class D, class Reduction>
HWY_INLINE void ReduceColumns(D d, const float* const* rows, size_t num_rows,
                              size_t column, const Reduction& reduction,
                              float* out) {
  const size_t lanes = hn::Lanes(d);
  hn::Vec<D> kept[kVectors];
  for (size_t v = 0; v < kVectors; ++v) {
    kept[v] = reduction.First(d, hn::LoadU(d, rows[0] + column + v * lanes));
  }
  for (size_t i = 1; i < num_rows; ++i) {
    const float* const row = rows[i] + column;
    for (size_t v = 0; v < kVectors; ++v) {
      kept[v] = reduction.Join(d, kept[v], hn::LoadU(d, row + v * lanes), i);
    }
  }
  for (size_t v = 0; v < kVectors; ++v) {
    hn::StoreU(kept[v], d, out + column + v * lanes);
  }
}

// All columns: eight vectors at a time, then one, then single elements.
template <class Reduction>
HWY_INLINE void Reduce(const float* const* rows, size_t num_rows, size_t dim,
                       const Reduction& reduction, float* out) {
  const hn::ScalableTag<float> d;
  const hn::CappedTag<float, 1> single;
  const size_t lanes = hn::Lanes(d);
  size_t column = 0;
  for (; column + 8 * lanes <= dim; column += 8 * lanes) {
    ReduceColumns<8>(d, rows, num_rows, column, reduction, out);
  }
  for (; column + lanes <= dim; column += lanes) {
    ReduceColumns<1>(d, rows, num_rows, column, reduction, out);
  }
  for (; column < dim; ++column) {
    ReduceColumns<1>(single, rows, num_rows, column, reduction, out);
  }
}

void SumOfRows(const float* const* rows, size_t num_rows, size_t dim,
               float* out) {
  Reduce(rows, num_rows, dim, Sum{}, out);
}

void WeightedSumOfRows(const float* const* rows, const float* weights,
                       Rounding rounding, size_t num_rows, size_t dim,
                       float* out) {
  if (rounding == Rounding::kOnce) {
    Reduce(rows, num_rows, dim, WeightedSum<Rounding::kOnce>{weights}, out);
  } else {
    Reduce(rows, num_rows, dim, WeightedSum<Rounding::kTwice>{weights}, out);
  }
}

void MaxOfRows(const float* const* rows, size_t num_rows, size_t dim,
               float* out) {
  Reduce(rows, num_rows, dim, Max{}, out);
}

void DivideElements(float divisor, float* values, size_t count) {
  const hn::ScalableTag<float> d;
  const size_t lanes = hn::Lanes(d);
  size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    const auto x = hn::LoadU(d, values + i);
    hn::StoreU(hn::Div(x, hn::Set(d, divisor)), d, values + i);
  }
  for (; i < count; ++i) values[i] /= divisor;
}

}  // namespace
}  // namespace emb::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace emb {

HWY_EXPORT(SumOfRows);
HWY_EXPORT(WeightedSumOfRows);
HWY_EXPORT(MaxOfRows);
HWY_EXPORT(DivideElements);

void SumOfRows(RowPointers rows, absl::Span<float> out) {
  assert(!rows.empty());
  HWY_DYNAMIC_DISPATCH(SumOfRows)
  (rows.data(), rows.size(), out.size(), out.data());
}

void WeightedSumOfRows(RowPointers rows, absl::Span<const float> weights,
                       Rounding rounding, absl::Span<float> out) {
  assert(!rows.empty() && weights.size() == rows.size());
  HWY_DYNAMIC_DISPATCH(WeightedSumOfRows)
  (rows.data(), weights.data(), rounding, rows.size(), out.size(), out.data());
}

void MaxOfRows(RowPointers rows, absl::Span<float> out) {
  assert(!rows.empty());
  HWY_DYNAMIC_DISPATCH(MaxOfRows)
  (rows.data(), rows.size(), out.size(), out.data());
}

void DivideElements(float divisor, absl::Span<float> values) {
  HWY_DYNAMIC_DISPATCH(DivideElements)
  (divisor, values.data(), values.size());
}

}  // namespace emb
#endif  // HWY_ONCE
