#include "client/cli/bench/zipf_ranks.h"

#include <algorithm>
#include <cmath>

#include "client/cli/bench/random_draw.h"

namespace emb {
namespace {

// log(1 + x) / x and (exp(x) - 1) / x, which have limits at 0.
double Log1pOver(double x) {
  return std::abs(x) > 1e-8 ? std::log1p(x) / x : 1 - x / 2;
}
double Expm1Over(double x) {
  return std::abs(x) > 1e-8 ? std::expm1(x) / x : 1 + x / 2;
}

}  // namespace

// Ranks are counted from 1 below, as in the paper.
ZipfRanks::ZipfRanks(int64_t num_ranks, double exponent)
    : num_ranks_(num_ranks),
      exponent_(exponent),
      integral_begin_(Integral(1.5) - 1),
      integral_end_(Integral(static_cast<double>(num_ranks) + 0.5)),
      always_(2 - IntegralInverse(Integral(2.5) - Density(2))) {}

double ZipfRanks::Density(double x) const {
  return std::exp(-exponent_ * std::log(x));
}

double ZipfRanks::Integral(double x) const {
  const double log_x = std::log(x);
  return Expm1Over((1 - exponent_) * log_x) * log_x;
}

double ZipfRanks::IntegralInverse(double y) const {
  // Rounding must not leave the domain of the logarithm.
  const double t = std::max(-1.0, y * (1 - exponent_));
  return std::exp(Log1pOver(t) * y);
}

int64_t ZipfRanks::Draw(std::mt19937_64& random) const {
  for (;;) {
    const double u =
        integral_end_ + DrawUnit(random) * (integral_begin_ - integral_end_);
    const double x = IntegralInverse(u);
    const double k =
        std::clamp(std::floor(x + 0.5), 1.0, static_cast<double>(num_ranks_));
    if (k - x <= always_ || u >= Integral(k + 0.5) - Density(k)) {
      return std::min(static_cast<int64_t>(k), num_ranks_) - 1;
    }
  }
}

}  // namespace emb
