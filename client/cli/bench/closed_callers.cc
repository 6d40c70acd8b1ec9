// Closed loops: the next request waits for an answer.
#include "client/cli/bench/bench_callers.h"
#include "client/cli/bench/stream_caller.h"

namespace emb {

void CallInTurn(const CallerContext& context) {
  for (size_t k = 0; !context.clock.Over(); ++k) {
    const absl::Duration start = context.clock.Now();
    const auto result = context.client.Lookup(context.request(k), context.call);
    context.board.Record(start, context.clock.Now(), result);
    if (absl::IsUnavailable(result.status())) {
      context.clock.SleepUntil(context.clock.Now() + kPauseAfterLoss);
    }
  }
}

void CallOnStream(const CallerContext& context, int64_t depth) {
  StreamCaller stream(context);
  while (!context.clock.Over() || stream.in_flight() > 0) {
    while (stream.in_flight() < depth && !context.clock.Over()) {
      stream.Send(context.clock.Now());
    }
    if (stream.in_flight() > 0) stream.Receive();
  }
}

}  // namespace emb
