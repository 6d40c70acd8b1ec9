// The loops that ask, each on a thread of its own.
#ifndef EMB_CLIENT_CLI_BENCH_BENCH_CALLERS_H_
#define EMB_CLIENT_CLI_BENCH_BENCH_CALLERS_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/time/time.h"
#include "client/cli/bench/bench_tally.h"
#include "client/cli/bench/run_clock.h"
#include "client/cli/bench/send_schedule.h"
#include "emb/client.h"

namespace emb {

// What a caller needs; all of it outlives the loop.
struct CallerContext {
  const Client& client;
  const CallOptions& call;
  const std::vector<LookupRequest>& requests;
  const RunClock& clock;
  TallyBoard& board;
  size_t first_request;  // The others follow it in turn.

  const LookupRequest& request(size_t k) const {
    return requests[(first_request + k) % requests.size()];
  }
};

// After UNAVAILABLE and lost streams callers wait for a moment, so that an
// absent server does not become a storm.
inline constexpr absl::Duration kPauseAfterLoss = absl::Milliseconds(5);

// Closed loops ask again when there is an answer: until the run is over, with
// one lookup in flight, or `depth` of them on one stream.
void CallInTurn(const CallerContext& context);
void CallOnStream(const CallerContext& context, int64_t depth);

// Open loops send when the schedule says so, whatever became of the requests
// before; but with `depth` in flight they wait, and a request's latency counts
// from the time that it was due. What is still due when the run is over is
// counted as unsent.
void SendAsync(const CallerContext& context, const SendSchedule& schedule,
               int64_t depth);
void SendOnStream(const CallerContext& context, const SendSchedule& schedule,
                  int64_t depth);

}  // namespace emb

#endif  // EMB_CLIENT_CLI_BENCH_BENCH_CALLERS_H_
