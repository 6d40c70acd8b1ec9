// Random numbers that are the same with every standard library: a seed names a
// load.
#ifndef EMB_CLIENT_CLI_BENCH_RANDOM_DRAW_H_
#define EMB_CLIENT_CLI_BENCH_RANDOM_DRAW_H_

#include <cstdint>
#include <random>

#include "absl/numeric/int128.h"

namespace emb {

// Uniform in [0, 1), 53 bits.
inline double DrawUnit(std::mt19937_64& random) {
  return static_cast<double>(random() >> 11) * 0x1p-53;
}

// Uniform in [0, bound), but for a bias of bound / 2^64.
inline int64_t DrawBelow(std::mt19937_64& random, int64_t bound) {
  return static_cast<int64_t>(absl::Uint128High64(
      absl::uint128(random()) * static_cast<uint64_t>(bound)));
}

}  // namespace emb

#endif  // EMB_CLIENT_CLI_BENCH_RANDOM_DRAW_H_
