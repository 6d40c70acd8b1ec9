// Open loops: a request is sent when it is due.
#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "client/cli/bench/bench_callers.h"
#include "client/cli/bench/stream_caller.h"

namespace emb {
namespace {

// A request that is due just before the end may still be sent after it.
constexpr absl::Duration kGrace = absl::Milliseconds(10);
// Waits for a socket are rounded up to these; finer ones must look again and
// again.
constexpr absl::Duration kSocketTick = absl::Milliseconds(1);
constexpr absl::Duration kLookAgain = absl::Microseconds(20);

// The next request of a schedule, until the end.
//
// Threads  One thread.
class Sender {
 public:
  Sender(const CallerContext& context, const SendSchedule& schedule)
      : context_(context), schedule_(schedule) {}

  absl::Duration due() const { return due_; }
  bool Over() const {
    return context_.clock.stopped() || due_ >= context_.clock.end() ||
           context_.clock.Now() >= context_.clock.end() + kGrace;
  }

  // The request that is due is sent: takes the next one.
  void Advance() {
    context_.board.RecordSent(due_, context_.clock.Now());
    ++next_;
    // What a warm-up leaves undone is dropped: an overloaded run would spend
    // its time on requests that do not count.
    const absl::Duration warmup = context_.board.warmup();
    if (due_ < warmup && context_.clock.Now() >= warmup) {
      next_ = std::max(next_, schedule_.NumDueBefore(warmup));
    }
    due_ = schedule_.Due(next_);
  }

  // To be called when it is over.
  void RecordUnsent() const {
    const absl::Duration until =
        std::min(context_.clock.Now(), context_.clock.end());
    const int64_t due_in_all = schedule_.NumDueBefore(until);
    const int64_t due_in_warmup =
        std::min(due_in_all, schedule_.NumDueBefore(context_.board.warmup()));
    context_.board.RecordUnsent(
        std::max(int64_t{0}, due_in_all - std::max(next_, due_in_warmup)));
  }

 private:
  const CallerContext& context_;
  const SendSchedule& schedule_;
  int64_t next_ = 0;
  absl::Duration due_ = schedule_.Due(0);
};

// Counts lookups in flight.
//
// Threads  Thread-safe.
class InFlightCount {
 public:
  // Waits until there are fewer than `limit`, and adds one.
  void Add(int64_t limit) {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [&] { return count_ < limit; });
    ++count_;
  }
  void Remove() {
    // Under the lock: who waits for none may destroy this at once.
    const std::lock_guard<std::mutex> lock(mutex_);
    --count_;
    changed_.notify_all();
  }
  void WaitForNone() {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [&] { return count_ == 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int64_t count_ = 0;  // Guarded by mutex_.
};

// Receives an answer if one comes before `due`.
void ReceiveBefore(absl::Duration due, const RunClock& clock,
                   StreamCaller& stream) {
  const absl::Duration left = due - clock.Now();
  if (left >= 2 * kSocketTick) {
    if (stream.AwaitAnswer(left - kSocketTick)) stream.Receive();
  } else if (stream.AwaitAnswer(absl::ZeroDuration())) {
    stream.Receive();
  } else {
    clock.SleepUntil(std::min(due, clock.Now() + kLookAgain));
  }
}

}  // namespace

void SendAsync(const CallerContext& context, const SendSchedule& schedule,
               int64_t depth) {
  Sender sender(context, schedule);
  InFlightCount in_flight;
  for (size_t k = 0; !sender.Over(); ++k) {
    context.clock.SleepUntil(sender.due());
    in_flight.Add(depth);
    if (sender.Over()) {
      in_flight.Remove();
      break;
    }
    const absl::Duration due = sender.due();
    sender.Advance();
    context.client.LookupAsync(
        context.request(k),
        [&, due](const absl::StatusOr<LookupResult>& result) {
          context.board.Record(due, context.clock.Now(), result);
          in_flight.Remove();
        },
        context.call);
  }
  sender.RecordUnsent();
  in_flight.WaitForNone();
}

void SendOnStream(const CallerContext& context, const SendSchedule& schedule,
                  int64_t depth) {
  Sender sender(context, schedule);
  StreamCaller stream(context);
  while (!sender.Over()) {
    if (stream.in_flight() >= depth) {
      stream.Receive();
    } else if (sender.due() <= context.clock.Now()) {
      const absl::Duration due = sender.due();
      sender.Advance();
      stream.Send(due);
    } else if (stream.in_flight() > 0) {
      ReceiveBefore(sender.due(), context.clock, stream);
    } else {
      context.clock.SleepUntil(sender.due());
    }
  }
  sender.RecordUnsent();
  while (stream.in_flight() > 0) stream.Receive();
}

}  // namespace emb
