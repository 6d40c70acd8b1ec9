#include "core/torch_mt19937.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace emb {
namespace {

// Source: Matsumoto and Nishimura 1998, "Mersenne Twister".
constexpr int kShift = 397;
constexpr uint32_t kMatrix = 0x9908b0dfU;
constexpr uint32_t kUpper = 0x80000000U;
constexpr uint32_t kLower = 0x7fffffffU;

uint32_t Twist(uint32_t word, uint32_t next) {
  const uint32_t mixed = (word & kUpper) | (next & kLower);
  return (mixed >> 1) ^ ((mixed & 1) != 0 ? kMatrix : 0);
}

uint32_t Temper(uint32_t word) {
  word ^= word >> 11;
  word ^= (word << 7) & 0x9d2c5680U;
  word ^= (word << 15) & 0xefc60000U;
  return word ^ (word >> 18);
}

constexpr uint32_t kUnitBits = 24;
constexpr float kUnit = 1.0F / (1U << kUnitBits);

}  // namespace

TorchMt19937::TorchMt19937(uint64_t seed) {
  // Knuth's initialisation; torch.manual_seed keeps only the low 32 bits.
  state_[0] = static_cast<uint32_t>(seed);
  for (uint32_t i = 1; i < kStateWords; ++i) {
    const uint32_t before = state_[i - 1];
    state_[i] = 1812433253U * (before ^ (before >> 30)) + i;
  }
}

void TorchMt19937::Refill() {
  // In two loops without a wrap-around inside, which vectorise.
  uint32_t* const s = state_.data();
  constexpr int kFirst = kStateWords - kShift;
  for (int i = 0; i < kFirst; ++i) {
    s[i] = s[i + kShift] ^ Twist(s[i], s[i + 1]);
  }
  for (int i = kFirst; i < kStateWords - 1; ++i) {
    s[i] = s[i - kFirst] ^ Twist(s[i], s[i + 1]);
  }
  s[kStateWords - 1] = s[kShift - 1] ^ Twist(s[kStateWords - 1], s[0]);
  next_ = 0;
}

uint32_t TorchMt19937::Next() {
  if (next_ == kStateWords) Refill();
  return Temper(state_[static_cast<size_t>(next_++)]);
}

void TorchMt19937::FillUnit(absl::Span<float> out) {
  while (!out.empty()) {
    if (next_ == kStateWords) Refill();
    const auto count =
        std::min(out.size(), static_cast<size_t>(kStateWords - next_));
    const uint32_t* const words = state_.data() + next_;
    for (size_t i = 0; i < count; ++i) {
      // Through int32: the conversion of unsigned does not vectorise.
      const uint32_t low = Temper(words[i]) & ((1U << kUnitBits) - 1);
      out[i] = static_cast<float>(static_cast<int32_t>(low)) * kUnit;
    }
    next_ += static_cast<int>(count);
    out.remove_prefix(count);
  }
}

void TorchMt19937::FillUnit(absl::Span<double> out) {
  for (double& value : out) value = NextUnitDouble();
}

void TorchMt19937::Skip(int64_t count) {
  while (count > 0) {
    if (next_ == kStateWords) Refill();
    const int64_t here = std::min<int64_t>(count, kStateWords - next_);
    next_ += static_cast<int>(here);
    count -= here;
  }
}

double TorchMt19937::NextUnitDouble() {
  const uint64_t high = Next();
  const uint64_t word = high << 32 | Next();
  return static_cast<double>(word & ((uint64_t{1} << 53) - 1)) * 0x1p-53;
}

double TorchMt19937::NextNormalDouble() {
  if (spare_normal_.has_value()) {
    const double spare = *spare_normal_;
    spare_normal_.reset();
    return spare;
  }
  // Source: Box and Muller 1958, with the roles of u1 and u2 that
  // at::normal_distribution<double> gives them.
  const double u1 = NextUnitDouble();
  const double u2 = NextUnitDouble();
  const double r = std::sqrt(-2.0 * std::log(1.0 - u2));
  const double theta = 2.0 * M_PI * u1;
  spare_normal_ = r * std::sin(theta);
  return r * std::cos(theta);
}

}  // namespace emb
