// Compiled once for every instruction set; HWY_EXPORT chooses at run time.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/simd_pooling.cc"
#include "core/simd_pooling.h"

#include <cassert>
#include <cstddef>
#include <cstring>

#include "hwy/foreach_target.h"  // Must come before highway.h.
#include "hwy/highway.h"
// Once per target too.
#include "core/simd_fma-inl.h"
#include "core/simd_rows-inl.h"

HWY_BEFORE_NAMESPACE();
namespace emb::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

// A reduction: what a column begins with, how a row's element joins it (`i` is
// the row's index), and what is done at the end.
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
  template <class D>
  HWY_INLINE hn::Vec<D> Finish(D /*d*/, hn::Vec<D> sum) const {
    return sum;
  }
};

struct Mean : Sum {
  float count;

  template <class D>
  HWY_INLINE hn::Vec<D> Finish(D d, hn::Vec<D> sum) const {
    return hn::Div(sum, hn::Set(d, count));
  }
};

template <Rounding kRounding>
struct WeightedSum : Sum {
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

struct Max : Sum {
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
template <class Row, size_t kVectors, class D, class Reduction>
HWY_INLINE void ReduceColumns(D d, const StoredRows& rows, size_t column,
                              const Reduction& reduction, std::byte* out) {
  const size_t lanes = hn::Lanes(d);
  const auto dim = static_cast<size_t>(rows.format.dim);
  hn::Vec<D> kept[kVectors];
  const Row first(rows.rows[0], dim);
  for (size_t v = 0; v < kVectors; ++v) {
    kept[v] = reduction.First(d, first.Load(d, column + v * lanes));
  }
  for (size_t i = 1; i < rows.rows.size(); ++i) {
    const Row row(rows.rows[i], dim);
    for (size_t v = 0; v < kVectors; ++v) {
      kept[v] = reduction.Join(d, kept[v], row.Load(d, column + v * lanes), i);
    }
  }
  // The way to an address that need not be aligned.
  HWY_ALIGN float finished[kVectors * hn::MaxLanes(d)];
  for (size_t v = 0; v < kVectors; ++v) {
    hn::Store(reduction.Finish(d, kept[v]), d, finished + v * lanes);
  }
  std::memcpy(out + column * sizeof(float), finished,
              kVectors * lanes * sizeof(float));
}

// All columns: eight vectors at a time (four: dim 64 with vectors of 16), then
// one, then single elements.
template <class Row, class Reduction>
HWY_INLINE void ReduceAs(const StoredRows& rows, const Reduction& reduction,
                         std::byte* out) {
  const hn::ScalableTag<float> d;
  const hn::CappedTag<float, 1> single;
  const size_t lanes = hn::Lanes(d);
  const auto dim = static_cast<size_t>(rows.format.dim);
  size_t column = 0;
  for (; column + 8 * lanes <= dim; column += 8 * lanes) {
    ReduceColumns<Row, 8>(d, rows, column, reduction, out);
  }
  for (; column + 4 * lanes <= dim; column += 4 * lanes) {
    ReduceColumns<Row, 4>(d, rows, column, reduction, out);
  }
  for (; column + lanes <= dim; column += lanes) {
    ReduceColumns<Row, 1>(d, rows, column, reduction, out);
  }
  for (; column < dim; ++column) {
    ReduceColumns<Row, 1>(single, rows, column, reduction, out);
  }
}

template <class Reduction>
void Reduce(const StoredRows& rows, const Reduction& reduction,
            std::byte* out) {
  WithRowClass(rows.format.dtype, [&](auto row_class) HWY_ATTR {
    ReduceAs<typename decltype(row_class)::Type>(rows, reduction, out);
  });
}

void SumOfRows(const StoredRows& rows, std::byte* out) {
  Reduce(rows, Sum{}, out);
}

void MeanOfRows(const StoredRows& rows, std::byte* out) {
  Mean mean;
  mean.count = static_cast<float>(rows.rows.size());
  Reduce(rows, mean, out);
}

void WeightedSumOfRows(const StoredRows& rows, const float* weights,
                       Rounding rounding, std::byte* out) {
  if (rounding == Rounding::kOnce) {
    Reduce(rows, WeightedSum<Rounding::kOnce>{{}, weights}, out);
  } else {
    Reduce(rows, WeightedSum<Rounding::kTwice>{{}, weights}, out);
  }
}

void MaxOfRows(const StoredRows& rows, std::byte* out) {
  Reduce(rows, Max{}, out);
}

}  // namespace
}  // namespace emb::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace emb {

HWY_EXPORT(SumOfRows);
HWY_EXPORT(MeanOfRows);
HWY_EXPORT(WeightedSumOfRows);
HWY_EXPORT(MaxOfRows);

void SumOfRows(const StoredRows& rows, std::byte* out) {
  assert(!rows.rows.empty());
  HWY_DYNAMIC_DISPATCH(SumOfRows)(rows, out);
}

void MeanOfRows(const StoredRows& rows, std::byte* out) {
  assert(!rows.rows.empty());
  HWY_DYNAMIC_DISPATCH(MeanOfRows)(rows, out);
}

void WeightedSumOfRows(const StoredRows& rows, absl::Span<const float> weights,
                       Rounding rounding, std::byte* out) {
  assert(!rows.rows.empty() && weights.size() == rows.rows.size());
  HWY_DYNAMIC_DISPATCH(WeightedSumOfRows)(rows, weights.data(), rounding, out);
}

void MaxOfRows(const StoredRows& rows, std::byte* out) {
  assert(!rows.rows.empty());
  HWY_DYNAMIC_DISPATCH(MaxOfRows)(rows, out);
}

}  // namespace emb
#endif  // HWY_ONCE
