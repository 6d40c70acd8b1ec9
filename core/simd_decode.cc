// Compiled once for every instruction set; HWY_EXPORT chooses at run time.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/simd_decode.cc"
#include "core/simd_decode.h"

#include <cstddef>
#include <cstring>

#include "hwy/foreach_target.h"  // Must come before highway.h.
#include "hwy/highway.h"
// Once per target too.
#include "core/simd_rows-inl.h"

HWY_BEFORE_NAMESPACE();
namespace emb::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

// Vectors of columns, then single ones.
template <class Row>
HWY_INLINE void DecodeColumns(const Row& row, size_t dim, std::byte* out) {
  const hn::ScalableTag<float> d;
  const hn::CappedTag<float, 1> single;
  const size_t lanes = hn::Lanes(d);
  // The way to an address that need not be aligned.
  HWY_ALIGN float decoded[hn::MaxLanes(d)];
  size_t column = 0;
  for (; column + lanes <= dim; column += lanes) {
    hn::Store(row.Load(d, column), d, decoded);
    std::memcpy(out + column * sizeof(float), decoded, lanes * sizeof(float));
  }
  for (; column < dim; ++column) {
    hn::Store(row.Load(single, column), single, decoded);
    std::memcpy(out + column * sizeof(float), decoded, sizeof(float));
  }
}

void DecodeRow(DType dtype, const std::byte* row, size_t dim, std::byte* out) {
  WithRowClass(dtype, [&](auto row_class) HWY_ATTR {
    using Row = typename decltype(row_class)::Type;
    DecodeColumns(Row(row, dim), dim, out);
  });
}

}  // namespace
}  // namespace emb::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace emb {

HWY_EXPORT(DecodeRow);

void DecodeRow(const RowFormat& format, const std::byte* row, std::byte* out) {
  HWY_DYNAMIC_DISPATCH(DecodeRow)
  (format.dtype, row, static_cast<size_t>(format.dim), out);
}

}  // namespace emb
#endif  // HWY_ONCE
