// Compiled once for every instruction set; HWY_EXPORT chooses at run time.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/simd_transform.cc"
#include "core/simd_transform.h"

#include <cassert>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "hwy/foreach_target.h"  // Must come before highway.h.
#include "hwy/highway.h"
// Once per target too.
#include "core/simd_fma-inl.h"

HWY_BEFORE_NAMESPACE();
namespace emb::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

// Horner's scheme, every step fused; the highest coefficient first.
template <class D, size_t kCount, class V = hn::Vec<D>>
V Polynomial(D d, V x, const float (&coefficients)[kCount]) {
  V sum = hn::Set(d, coefficients[0]);
  for (size_t i = 1; i < kCount; ++i) {
    sum = Fma(d, sum, x, hn::Set(d, coefficients[i]));
  }
  return sum;
}

// ln(x) for normal x in (0, 1]. Source: Cephes logf.
template <class D, class V = hn::Vec<D>>
V Log(D d, V x) {
  constexpr float kP[] = {
      7.0376836292e-2F,  -1.1514610310e-1F, 1.1676998740e-1F,
      -1.2420140846e-1F, 1.4249322787e-1F,  -1.6668057665e-1F,
      2.0000714765e-1F,  -2.4999993993e-1F, 3.3333331174e-1F};
  const hn::Rebind<int32_t, D> di;
  const auto bits = hn::BitCast(di, x);
  // x = m * 2^e with m in [0.5, 1), then m in [sqrt(0.5), sqrt(2)) - 1.
  V e = hn::ConvertTo(d, hn::Sub(hn::ShiftRight<23>(bits), hn::Set(di, 126)));
  V m = hn::BitCast(d, hn::Or(hn::And(bits, hn::Set(di, 0x007fffff)),
                              hn::Set(di, 0x3f000000)));
  const auto small = hn::Lt(m, hn::Set(d, 0.707106781186547524F));
  const V one = hn::Set(d, 1.0F);
  e = hn::Sub(e, hn::IfThenElseZero(small, one));
  m = hn::Add(hn::Sub(m, one), hn::IfThenElseZero(small, m));
  const V z = hn::Mul(m, m);
  V y = hn::Mul(Polynomial(d, m, kP), m);
  y = Fma(d, y, z, hn::Mul(e, hn::Set(d, -2.12194440e-4F)));
  y = Fma(d, hn::Set(d, -0.5F), z, y);
  return Fma(d, e, hn::Set(d, 0.693359375F), hn::Add(m, y));
}

// sin(x) and cos(x) for 0 <= x <= 2 pi. Source: Cephes sinf, cosf.
template <class D, class V = hn::Vec<D>>
void SinCos(D d, V x, V& sin, V& cos) {
  constexpr float kC[] = {2.443315711809948e-5F, -1.388731625493765e-3F,
                          4.166664568298827e-2F};
  constexpr float kS[] = {-1.9515295891e-4F, 8.3321608736e-3F,
                          -1.6666654611e-1F};
  const hn::Rebind<int32_t, D> di;
  // j: the octant, rounded up to even; x: the distance from j * pi / 4.
  auto j = hn::ConvertTo(di, hn::Mul(x, hn::Set(d, 1.27323954473516F)));
  j = hn::And(hn::Add(j, hn::Set(di, 1)), hn::Set(di, ~1));
  const V octant = hn::ConvertTo(d, j);
  x = Fma(d, octant, hn::Set(d, -0.78515625F), x);
  x = Fma(d, octant, hn::Set(d, -2.4187564849853515625e-4F), x);
  x = Fma(d, octant, hn::Set(d, -3.77489497744594108e-8F), x);
  const V z = hn::Mul(x, x);
  const V half = hn::Mul(z, hn::Set(d, -0.5F));
  const V c = hn::Add(Fma(d, hn::Mul(Polynomial(d, z, kC), z), z, half),
                      hn::Set(d, 1.0F));
  const V s = Fma(d, hn::Mul(Polynomial(d, z, kS), z), x, x);

  const auto zero = hn::Zero(di);
  const auto straight = hn::MaskFromVec(hn::BitCast(
      d, hn::VecFromMask(di, hn::Eq(hn::And(j, hn::Set(di, 2)), zero))));
  // Bit 2 of j, and of j - 2 inverted, are the signs.
  const auto sin_sign = hn::ShiftLeft<29>(hn::And(j, hn::Set(di, 4)));
  const auto cos_sign =
      hn::ShiftLeft<29>(hn::AndNot(hn::Sub(j, hn::Set(di, 2)), hn::Set(di, 4)));
  sin = hn::Xor(hn::IfThenElse(straight, s, c), hn::BitCast(d, sin_sign));
  cos = hn::Xor(hn::IfThenElse(straight, c, s), hn::BitCast(d, cos_sign));
}

void ScaleUnitUniforms(float low, float width, float* values, size_t count) {
  const hn::ScalableTag<float> d;
  const size_t lanes = hn::Lanes(d);
  size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    const auto x = hn::LoadU(d, values + i);
    hn::StoreU(Fma(d, x, hn::Set(d, width), hn::Set(d, low)), d, values + i);
  }
  for (; i < count; ++i) values[i] = std::fma(values[i], width, low);
}

void UniformsToNormals(float mean, float std, float* values, size_t count) {
  const hn::CappedTag<float, 8> d;
  constexpr float kTwoPi = 6.283185307179586F;
  for (size_t block = 0; block < count; block += 16) {
    for (size_t j = block; j < block + 8; j += hn::Lanes(d)) {
      const auto u1 = hn::Sub(hn::Set(d, 1.0F), hn::LoadU(d, values + j));
      const auto u2 = hn::LoadU(d, values + j + 8);
      const auto r = hn::Sqrt(hn::Mul(hn::Set(d, -2.0F), Log(d, u1)));
      auto sin = hn::Zero(d);
      auto cos = hn::Zero(d);
      SinCos(d, hn::Mul(hn::Set(d, kTwoPi), u2), sin, cos);
      const auto scale = hn::Set(d, std);
      const auto shift = hn::Set(d, mean);
      hn::StoreU(Fma(d, hn::Mul(r, cos), scale, shift), d, values + j);
      hn::StoreU(Fma(d, hn::Mul(r, sin), scale, shift), d, values + j + 8);
    }
  }
}

}  // namespace
}  // namespace emb::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace emb {

HWY_EXPORT(ScaleUnitUniforms);
HWY_EXPORT(UniformsToNormals);

void ScaleUnitUniforms(float low, float width, absl::Span<float> values) {
  HWY_DYNAMIC_DISPATCH(ScaleUnitUniforms)
  (low, width, values.data(), values.size());
}

void UniformsToNormals(float mean, float std, absl::Span<float> values) {
  assert(values.size() % 16 == 0);
  HWY_DYNAMIC_DISPATCH(UniformsToNormals)
  (mean, std, values.data(), values.size());
}

}  // namespace emb
#endif  // HWY_ONCE
