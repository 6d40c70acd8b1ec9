#include "core/erfinv.h"

#include <cmath>
#include <cstddef>
#include <limits>

namespace emb {
namespace {

// Horner's scheme, every step fused; the highest coefficient first.
template <typename T, size_t kCount>
T Polynomial(T x, const T (&coefficients)[kCount]) {
  T sum = coefficients[0];
  for (size_t i = 1; i < kCount; ++i) {
    sum = std::fma(sum, x, coefficients[i]);
  }
  return sum;
}

// Good to about three digits.
template <typename T>
T Start(T y) {
  const T size = std::abs(y);
  if (size <= static_cast<T>(0.7)) {
    constexpr T kN[] = {
        static_cast<T>(-0.140543331), static_cast<T>(0.914624893),
        static_cast<T>(-1.645349621), static_cast<T>(0.886226899)};
    constexpr T kD[] = {
        static_cast<T>(0.012229801), static_cast<T>(-0.329097515),
        static_cast<T>(1.442710462), static_cast<T>(-2.118377725), 1};
    const T z = y * y;
    return y * Polynomial(z, kN) / Polynomial(z, kD);
  }
  constexpr T kN[] = {static_cast<T>(1.641345311), static_cast<T>(3.429567803),
                      static_cast<T>(-1.624906493),
                      static_cast<T>(-1.970840454)};
  constexpr T kD[] = {static_cast<T>(1.637067800), static_cast<T>(3.543889200),
                      1};
  const T z = std::sqrt(-std::log((1 - size) / 2));
  return std::copysign(Polynomial(z, kN), y) / Polynomial(z, kD);
}

template <typename T>
T ErfinvOf(T y) {
  if (std::abs(y) > 1) return std::numeric_limits<T>::quiet_NaN();
  if (std::abs(y) == 1) {
    return std::copysign(std::numeric_limits<T>::infinity(), y);
  }
  const T slope = T{2} / static_cast<T>(std::sqrt(M_PI));  // erf'(0).
  T x = Start(y);
  for (int step = 0; step < 2; ++step) {
    x = x - (std::erf(x) - y) / (slope * std::exp(-x * x));
  }
  return x;
}

}  // namespace

float Erfinv(float y) { return ErfinvOf(y); }
double Erfinv(double y) { return ErfinvOf(y); }

}  // namespace emb
