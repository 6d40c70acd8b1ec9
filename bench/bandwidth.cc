#include "bench/bandwidth.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <vector>

namespace emb::bench {
namespace {

// Bytes that memory copies in a second.
double MemoryBandwidth() {
  static const double bandwidth = [] {
    constexpr size_t kBytes = size_t{256} << 20;
    const std::vector<std::byte> from(kBytes, std::byte{1});
    std::vector<std::byte> to(kBytes);
    double best = 0;
    for (int i = 0; i < 5; ++i) {
      const double seconds =
          Time([&] { std::memcpy(to.data(), from.data(), kBytes); });
      best = std::max(best, static_cast<double>(kBytes) / seconds);
    }
    return best;
  }();
  return bandwidth;
}

}  // namespace

void CountItems(benchmark::State& state, int64_t items, int64_t bytes) {
  const int64_t total_bytes = state.iterations() * bytes;
  state.SetItemsProcessed(state.iterations() * items);
  state.SetBytesProcessed(total_bytes);
  state.counters["of_memory"] =
      benchmark::Counter(static_cast<double>(total_bytes) / MemoryBandwidth(),
                         benchmark::Counter::kIsRate);
}

}  // namespace emb::bench
