// Ranks as popularity has them: few are asked for often, many hardly ever.
#ifndef EMB_CLIENT_CLI_BENCH_ZIPF_RANKS_H_
#define EMB_CLIENT_CLI_BENCH_ZIPF_RANKS_H_

#include <cstdint>
#include <random>

namespace emb {

// ZipfRanks draws ranks k in [0, num_ranks) with probability proportional to
// (k + 1)^-exponent, exactly, by rejection from the inverted integral. Any
// exponent over 0 will do (absl::zipf_distribution wants more than 1, where
// real traffic is at 0.6 to 1.1).
//
// Threads  One thread.
// Cost     O(1) for any num_ranks: 50 ns a rank, four times a uniform id.
// Source   W. Hoermann, G. Derflinger: Rejection-inversion to generate variates
//          from monotone discrete distributions, TOMACS 6(3), 1996.
class ZipfRanks {
 public:
  // REQUIRES: num_ranks >= 1, exponent > 0.
  ZipfRanks(int64_t num_ranks, double exponent);

  int64_t Draw(std::mt19937_64& random) const;

 private:
  // The density x^-exponent, its integral from 1, and the inverse of that.
  double Density(double x) const;
  double Integral(double x) const;
  double IntegralInverse(double y) const;

  const int64_t num_ranks_;
  const double exponent_;
  const double integral_begin_;
  const double integral_end_;
  const double always_;  // A distance within which a rank is always taken.
};

}  // namespace emb

#endif  // EMB_CLIENT_CLI_BENCH_ZIPF_RANKS_H_
