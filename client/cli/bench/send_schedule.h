// When an open loop sends.
#ifndef EMB_CLIENT_CLI_BENCH_SEND_SCHEDULE_H_
#define EMB_CLIENT_CLI_BENCH_SEND_SCHEDULE_H_

#include <cstdint>

#include "absl/time/time.h"

namespace emb {

// SendSchedule spreads `rate` requests a second evenly over time and gives
// them to connections in turn: request k of connection c of n is due
// (c + k * n) / rate after the beginning, whatever became of those before it.
//
// Threads  Immutable.
class SendSchedule {
 public:
  struct Share {
    int64_t connection;  // In [0, num_connections).
    int64_t num_connections;
  };

  // REQUIRES: rate > 0.
  SendSchedule(double rate, Share share) : rate_(rate), share_(share) {}

  // When request k of this connection is due. Computed from k, so that errors
  // of rounding do not add up. REQUIRES: k >= 0.
  absl::Duration Due(int64_t k) const;

  // How many of them are due before `when`.
  int64_t NumDueBefore(absl::Duration when) const;

 private:
  const double rate_;
  const Share share_;
};

}  // namespace emb

#endif  // EMB_CLIENT_CLI_BENCH_SEND_SCHEDULE_H_
