// PyTorch's CPU generator and the fills that draw from it.
//
// Source: torch.manual_seed, Tensor.uniform_ and Tensor.normal_ on CPU
// (PyTorch 1.13.1). Guarantee: the same bits as its x86 AVX2 build, on every
// CPU and with every compiler.
#ifndef EMB_CORE_TORCH_MT19937_H_
#define EMB_CORE_TORCH_MT19937_H_

#include <array>
#include <cstdint>
#include <optional>

#include "absl/types/span.h"

namespace emb {

// The standard MT19937 stream: std::mt19937(seed's low 32 bits).
//
// Threads  One thread.
class TorchMt19937 {
 public:
  explicit TorchMt19937(uint64_t seed);

  // The next 32-bit number.
  uint32_t Next();

  // Uniform on [0, 1) in float32: the low 24 bits of one draw, over 2^24.
  void FillUnit(absl::Span<float> out);

  // Uniform on [0, 1) in float64: the low 53 bits of two draws (the first is
  // the high half), over 2^53.
  void FillUnit(absl::Span<double> out);
  double NextUnitDouble();

  // Leaves out `count` draws. REQUIRES: count >= 0.
  void Skip(int64_t count);

  // A standard normal in float64 by Box and Muller's method, two from two
  // uniforms: the second is kept and returned by the next call.
  double NextNormalDouble();

 private:
  static constexpr int kStateWords = 624;

  void Refill();

  std::array<uint32_t, kStateWords> state_;
  int next_ = kStateWords;  // Index of the next unused word of state_.
  std::optional<double> spare_normal_;
};

}  // namespace emb

#endif  // EMB_CORE_TORCH_MT19937_H_
