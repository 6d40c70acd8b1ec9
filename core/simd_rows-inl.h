// Stored rows as vectors of float32, one class per dtype. Included once per
// target, inside Highway's foreach_target.
//
// Each is made from a row's address and its dim, and loads lanes(d) columns
// from `column` on. Integers and exact steps throughout, so that every
// instruction set gives the same bits.
#if defined(EMB_CORE_SIMD_ROWS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef EMB_CORE_SIMD_ROWS_INL_H_
#undef EMB_CORE_SIMD_ROWS_INL_H_
#else
#define EMB_CORE_SIMD_ROWS_INL_H_
#endif

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "core/dtype.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace emb::HWY_NAMESPACE {

// The widened bits of IEEE binary16, which lie in the low halves of `half`.
template <class D, class V = hwy::HWY_NAMESPACE::Vec<D>>
HWY_INLINE V WidenFloat16(D d, V half) {
  namespace hn = hwy::HWY_NAMESPACE;
  const V sign = hn::ShiftLeft<16>(hn::And(half, hn::Set(d, 0x8000U)));
  const V size = hn::ShiftLeft<13>(hn::And(half, hn::Set(d, 0x7FFFU)));
  // The exponents' biases differ by 112; infinities and NaN get the largest.
  const V bias = hn::Set(d, 112U << 23);
  const V normal = hn::Add(size, bias);
  const V huge = hn::Add(normal, bias);
  // Below 2^-14: put behind a one at 2^-14, which is then taken away.
  const hn::RebindToFloat<D> df;
  const V one = hn::Set(d, 113U << 23);
  const V small = hn::BitCast(
      d, hn::Sub(hn::BitCast(df, hn::Add(size, one)), hn::BitCast(df, one)));
  V wide =
      hn::IfThenElse(hn::Lt(size, hn::Set(d, 0x0400U << 13)), small, normal);
  wide = hn::IfThenElse(hn::Gt(size, hn::Set(d, 0x7BFFU << 13)), huge, wide);
  return hn::Or(wide, sign);
}

class Float32Row {
 public:
  Float32Row(const std::byte* row, size_t /*dim*/)
      : elements_(reinterpret_cast<const float*>(row)) {}

  template <class D>
  HWY_INLINE hwy::HWY_NAMESPACE::Vec<D> Load(D d, size_t column) const {
    return hwy::HWY_NAMESPACE::LoadU(d, elements_ + column);
  }

 private:
  const float* elements_;
};

// Elements of 16 bits, widened by kWiden.
template <DType kDType>
class NarrowRow {
 public:
  NarrowRow(const std::byte* row, size_t /*dim*/)
      : elements_(reinterpret_cast<const uint16_t*>(row)) {}

  template <class D>
  HWY_INLINE hwy::HWY_NAMESPACE::Vec<D> Load(D d, size_t column) const {
    namespace hn = hwy::HWY_NAMESPACE;
    const hn::RebindToUnsigned<D> bits;
    const auto narrow = hn::PromoteTo(
        bits, hn::LoadU(hn::Rebind<uint16_t, D>(), elements_ + column));
    if constexpr (kDType == DType::kFloat16) {
      return hn::BitCast(d, WidenFloat16(bits, narrow));
    } else {
      return hn::BitCast(d, hn::ShiftLeft<16>(narrow));
    }
  }

 private:
  const uint16_t* elements_;
};

// The last two numbers of a row-wise quantised one.
struct ScaleAndBias {
  float scale;
  float bias;

  // code * scale + bias, rounded twice.
  template <class D, class VI>
  HWY_INLINE hwy::HWY_NAMESPACE::Vec<D> ValueOf(D d, VI code) const {
    namespace hn = hwy::HWY_NAMESPACE;
    return hn::Add(hn::Mul(hn::ConvertTo(d, code), hn::Set(d, scale)),
                   hn::Set(d, bias));
  }
};

class Int8Row {
 public:
  Int8Row(const std::byte* row, size_t dim)
      : codes_(reinterpret_cast<const uint8_t*>(row)) {
    std::memcpy(&end_, codes_ + dim, sizeof(end_));
  }

  template <class D>
  HWY_INLINE hwy::HWY_NAMESPACE::Vec<D> Load(D d, size_t column) const {
    namespace hn = hwy::HWY_NAMESPACE;
    const auto codes = hn::LoadU(hn::Rebind<uint8_t, D>(), codes_ + column);
    return end_.ValueOf(d, hn::PromoteTo(hn::Rebind<int32_t, D>(), codes));
  }

 private:
  const uint8_t* codes_;
  ScaleAndBias end_;
};

class Int4Row {
 public:
  Int4Row(const std::byte* row, size_t dim)
      : pairs_(reinterpret_cast<const uint8_t*>(row)) {
    namespace hn = hwy::HWY_NAMESPACE;
    uint16_t narrow[2];
    std::memcpy(narrow, pairs_ + dim / 2, sizeof(narrow));
    const hn::CappedTag<uint32_t, 1> d;
    end_.scale = Widen(d, narrow[0]);
    end_.bias = Widen(d, narrow[1]);
  }

  // REQUIRES: `column` is even unless D has one lane.
  template <class D>
  HWY_INLINE hwy::HWY_NAMESPACE::Vec<D> Load(D d, size_t column) const {
    namespace hn = hwy::HWY_NAMESPACE;
    const hn::Rebind<int32_t, D> di;
    if constexpr (hn::MaxLanes(d) == 1) {
      const int pair = pairs_[column / 2];
      const int code = column % 2 == 0 ? pair & 15 : pair >> 4;
      return end_.ValueOf(d, hn::Set(di, code));
    } else {
      // Each pair spread over two bytes, the low half first.
      const hn::Half<hn::Rebind<uint8_t, D>> pair;
      const hn::RepartitionToWide<hn::Rebind<uint8_t, D>> wide;
      const auto pairs =
          hn::PromoteTo(wide, hn::LoadU(pair, pairs_ + column / 2));
      const auto codes = hn::And(hn::Or(pairs, hn::ShiftLeft<4>(pairs)),
                                 hn::Set(wide, 0x0F0FU));
      return end_.ValueOf(
          d, hn::PromoteTo(di, hn::BitCast(hn::Rebind<uint8_t, D>(), codes)));
    }
  }

 private:
  template <class D>
  static float Widen(D d, uint16_t half) {
    namespace hn = hwy::HWY_NAMESPACE;
    return hn::GetLane(
        hn::BitCast(hn::RebindToFloat<D>(), WidenFloat16(d, hn::Set(d, half))));
  }

  const uint8_t* pairs_;
  ScaleAndBias end_;
};

template <class Row>
struct RowClass {
  using Type = Row;
};

// Calls use(RowClass<...>()) with the class for `dtype`.
template <class Use>
HWY_INLINE void WithRowClass(DType dtype, const Use& use) {
  switch (dtype) {
    case DType::kFloat32:
      return use(RowClass<Float32Row>());
    case DType::kFloat16:
      return use(RowClass<NarrowRow<DType::kFloat16>>());
    case DType::kBFloat16:
      return use(RowClass<NarrowRow<DType::kBFloat16>>());
    case DType::kInt8Rowwise:
      return use(RowClass<Int8Row>());
    case DType::kInt4Rowwise:
      return use(RowClass<Int4Row>());
  }
}

}  // namespace emb::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // EMB_CORE_SIMD_ROWS_INL_H_
