#include "client/cli/bench/send_schedule.h"

#include <algorithm>

namespace emb {

absl::Duration SendSchedule::Due(int64_t k) const {
  const int64_t number = share_.connection + k * share_.num_connections;
  return absl::Seconds(static_cast<double>(number) / rate_);
}

int64_t SendSchedule::NumDueBefore(absl::Duration when) const {
  const double interval = static_cast<double>(share_.num_connections) / rate_;
  // Near enough; Due itself decides.
  auto k = std::max(
      int64_t{0}, static_cast<int64_t>(absl::ToDoubleSeconds(when) / interval));
  while (Due(k) < when) ++k;
  while (k > 0 && Due(k - 1) >= when) --k;
  return k;
}

}  // namespace emb
