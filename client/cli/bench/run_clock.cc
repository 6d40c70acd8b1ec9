#include "client/cli/bench/run_clock.h"

#include <algorithm>
#include <thread>

namespace emb {

absl::Duration RunClock::Now() const {
  return absl::FromChrono(std::chrono::steady_clock::now() - start_);
}

void RunClock::SleepUntil(absl::Duration when) const {
  // How long a person may wait after Ctrl-C.
  constexpr absl::Duration kSlice = absl::Milliseconds(50);
  while (!stopped()) {
    const absl::Duration left = when - Now();
    if (left <= absl::ZeroDuration()) return;
    std::this_thread::sleep_for(
        absl::ToChronoNanoseconds(std::min(left, kSlice)));
  }
}

}  // namespace emb
