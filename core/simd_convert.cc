// Compiled once for every instruction set; HWY_EXPORT chooses at run time.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/simd_convert.cc"
#include "core/simd_convert.h"

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "hwy/foreach_target.h"  // Must come before highway.h.
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace emb::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

// Integers throughout: the conversions of instruction sets differ in what they
// round and what they do with NaN.
using Bits = hn::ScalableTag<uint32_t>;
using V = hn::Vec<Bits>;

struct Float16 {
  // The 16 bits of each element in the low half.
  HWY_INLINE V operator()(Bits d, V x) const {
    const V sign = hn::And(x, hn::Set(d, 0x80000000U));
    const V size = hn::Xor(x, sign);
    // Normal: re-bias the exponent, and add half a unit of the last place, less
    // one bit if the place is even.
    const V odd = hn::And(hn::ShiftRight<13>(size), hn::Set(d, 1));
    const V normal = hn::ShiftRight<13>(
        hn::Add(hn::Add(size, hn::Set(d, 0xC8000FFFU)), odd));
    // Below 2^-14 a float32 addition rounds: the sum's last place is 2^-24.
    const hn::RebindToFloat<Bits> df;
    const auto magic = hn::Set(df, 0.5F);
    const V small =
        hn::Sub(hn::BitCast(d, hn::Add(hn::BitCast(df, size), magic)),
                hn::BitCast(d, magic));
    const V huge = hn::IfThenElse(hn::Gt(size, hn::Set(d, 0x7F800000U)),
                                  hn::Set(d, 0x7E00), hn::Set(d, 0x7C00));
    V half =
        hn::IfThenElse(hn::Lt(size, hn::Set(d, 0x38800000U)), small, normal);
    half = hn::IfThenElse(hn::Gt(size, hn::Set(d, 0x477FEFFFU)), huge, half);
    return hn::Or(half, hn::ShiftRight<16>(sign));
  }
};

struct BFloat16 {
  HWY_INLINE V operator()(Bits d, V x) const {
    const V size = hn::And(x, hn::Set(d, 0x7FFFFFFFU));
    const V odd = hn::And(hn::ShiftRight<16>(x), hn::Set(d, 1));
    const V rounded =
        hn::ShiftRight<16>(hn::Add(hn::Add(x, hn::Set(d, 0x7FFF)), odd));
    const V nan = hn::Or(hn::ShiftRight<16>(x), hn::Set(d, 0x40));
    return hn::IfThenElse(hn::Gt(size, hn::Set(d, 0x7F800000U)), nan, rounded);
  }
};

template <class Convert>
HWY_INLINE void Run(const Convert& convert, const float* values, size_t count,
                    std::byte* out) {
  const Bits d;
  const size_t lanes = hn::Lanes(d);
  HWY_ALIGN uint32_t block[hn::MaxLanes(Bits())];
  HWY_ALIGN uint16_t narrow[hn::MaxLanes(Bits())];
  for (size_t i = 0; i < count; i += lanes) {
    const size_t here = HWY_MIN(lanes, count - i);
    std::memcpy(block, values + i, here * sizeof(float));
    const V converted = convert(d, hn::Load(d, block));
    hn::Store(hn::TruncateTo(hn::Rebind<uint16_t, Bits>(), converted),
              hn::Rebind<uint16_t, Bits>(), narrow);
    std::memcpy(out + i * sizeof(uint16_t), narrow, here * sizeof(uint16_t));
  }
}

void ToFloat16(const float* values, size_t count, std::byte* out) {
  Run(Float16(), values, count, out);
}

void ToBFloat16(const float* values, size_t count, std::byte* out) {
  Run(BFloat16(), values, count, out);
}

}  // namespace
}  // namespace emb::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace emb {

HWY_EXPORT(ToFloat16);
HWY_EXPORT(ToBFloat16);

void ToFloat16(absl::Span<const float> values, absl::Span<std::byte> out) {
  assert(out.size() == 2 * values.size());
  HWY_DYNAMIC_DISPATCH(ToFloat16)(values.data(), values.size(), out.data());
}

void ToBFloat16(absl::Span<const float> values, absl::Span<std::byte> out) {
  assert(out.size() == 2 * values.size());
  HWY_DYNAMIC_DISPATCH(ToBFloat16)(values.data(), values.size(), out.data());
}

}  // namespace emb
#endif  // HWY_ONCE
