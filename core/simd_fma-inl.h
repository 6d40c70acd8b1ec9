// Fused multiply-add for vectors, exact on every instruction set. Included
// once per target, inside Highway's foreach_target.
#if defined(EMB_CORE_SIMD_FMA_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef EMB_CORE_SIMD_FMA_INL_H_
#undef EMB_CORE_SIMD_FMA_INL_H_
#else
#define EMB_CORE_SIMD_FMA_INL_H_
#endif

#include <cmath>
#include <cstddef>

#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace emb::HWY_NAMESPACE {

// Instruction sets of x86 below AVX2 have no fused multiply-add, and
// hn::MulAdd would round twice there.
#if HWY_ARCH_X86 && HWY_TARGET > HWY_AVX2
inline constexpr bool kHasFma = false;
#else
inline constexpr bool kHasFma = true;
#endif

// a * b + c in one rounding. D is a tag of floats.
template <class D, class V = hwy::HWY_NAMESPACE::Vec<D>>
HWY_INLINE V Fma(D d, V a, V b, V c) {
  namespace hn = hwy::HWY_NAMESPACE;
  if constexpr (kHasFma) {
    return hn::MulAdd(a, b, c);
  } else {
    constexpr size_t kLanes = hn::MaxLanes(d);
    HWY_ALIGN float x[kLanes];
    HWY_ALIGN float y[kLanes];
    HWY_ALIGN float z[kLanes];
    hn::Store(a, d, x);
    hn::Store(b, d, y);
    hn::Store(c, d, z);
    for (size_t i = 0; i < hn::Lanes(d); ++i) z[i] = std::fma(x[i], y[i], z[i]);
    return hn::Load(d, z);
  }
}

}  // namespace emb::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // EMB_CORE_SIMD_FMA_INL_H_
