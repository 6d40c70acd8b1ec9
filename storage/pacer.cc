#include "storage/pacer.h"

#include <algorithm>

#include "absl/time/clock.h"

namespace emb {
namespace {

// Between two reports, and the longest sleep before the caller is asked again
// whether it has gone.
constexpr absl::Duration kInterval = absl::Milliseconds(200);

}  // namespace

Pacer::Pacer(const WorkWatch& watch, int64_t total)
    : watch_(watch), total_(total), start_(absl::Now()), next_report_(start_) {}

absl::Status Pacer::Advance(int64_t bytes) {
  done_ += bytes;
  const absl::Time due =
      watch_.bytes_per_second <= 0
          ? start_
          : start_ +
                absl::Seconds(static_cast<double>(done_) /
                              static_cast<double>(watch_.bytes_per_second));
  for (;;) {
    if (watch_.cancelled()) return absl::CancelledError("the caller has gone");
    const absl::Time now = absl::Now();
    if (now >= next_report_ || done_ == total_) {
      watch_.progress(done_, total_);
      next_report_ = now + kInterval;
    }
    if (now >= due) return absl::OkStatus();
    absl::SleepFor(std::min(due - now, kInterval));
  }
}

}  // namespace emb
