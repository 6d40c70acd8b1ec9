#include "client/cli/bench/bench_run.h"

#include <sys/resource.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <thread>

#include "client/cli/bench/bench_callers.h"

namespace emb {
namespace {

absl::Duration CpuTime() {
  rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  return absl::DurationFromTimeval(usage.ru_utime) +
         absl::DurationFromTimeval(usage.ru_stime);
}

// Runs the loop that the options ask for.
void Call(const BenchOptions& options, const CallerContext& context,
          int64_t connection) {
  if (!options.rate) {
    return options.stream ? CallOnStream(context, options.depth)
                          : CallInTurn(context);
  }
  const SendSchedule schedule(
      *options.rate,
      {.connection = connection, .num_connections = options.num_connections});
  return options.stream ? SendOnStream(context, schedule, options.depth)
                        : SendAsync(context, schedule, options.depth);
}

// The threads of a run.
//
// Threads  One thread.
class Callers {
 public:
  Callers(const BenchLoad& load, const RunClock& clock) {
    const BenchOptions& options = load.options;
    // Only a closed loop of unary calls waits in as many threads.
    const int64_t per_connection =
        options.rate || options.stream ? 1 : options.depth;
    const auto num_callers =
        static_cast<size_t>(options.num_connections * per_connection);
    for (size_t i = 0; i < num_callers; ++i) {
      TallyBoard& board =
          *boards_.emplace_back(std::make_unique<TallyBoard>(options.warmup));
      const size_t connection = i % load.clients.size();
      // Callers begin at different requests.
      const CallerContext context = {
          .client = load.clients[connection],
          .call = load.call,
          .requests = load.requests,
          .clock = clock,
          .board = board,
          .first_request = i * load.requests.size() / num_callers};
      threads_.emplace_back([&options, context, connection] {
        Call(options, context, static_cast<int64_t>(connection));
      });
    }
  }

  void Join() {
    for (std::thread& thread : threads_) thread.join();
  }

  BenchTally tally() const {
    BenchTally sum;
    for (const auto& board : boards_) sum.Merge(board->tally());
    return sum;
  }

 private:
  std::vector<std::unique_ptr<TallyBoard>> boards_;
  std::vector<std::thread> threads_;
};

}  // namespace

BenchResult RunBench(const BenchLoad& load, const std::atomic<bool>& stop,
                     const BenchProgress& progress) {
  const absl::Duration warmup = load.options.warmup;
  const RunClock clock(warmup + load.options.duration, stop);
  Callers callers(load, clock);
  absl::Duration next_progress = absl::Seconds(1);
  const auto wait_until = [&](absl::Duration when) {
    while (clock.Now() < when && !clock.stopped()) {
      clock.SleepUntil(std::min(when, next_progress));
      if (clock.Now() < next_progress) continue;
      next_progress += absl::Seconds(1);
      progress(clock.Now(), callers.tally());
    }
  };
  wait_until(warmup);
  const absl::Duration cpu_before = CpuTime();
  wait_until(clock.end());
  const absl::Duration end = clock.Now();
  callers.Join();
  BenchResult result;
  result.interrupted = clock.stopped();
  result.cpu_time = CpuTime() - cpu_before;
  result.tally = callers.tally();
  result.elapsed = std::max(absl::ZeroDuration(),
                            std::max(end, result.tally.last_answer) - warmup);
  return result;
}

}  // namespace emb
