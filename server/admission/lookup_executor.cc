#include "server/admission/lookup_executor.h"

#include <utility>

namespace emb {
namespace {

// Ids that a caller may look up before it is another's turn.
constexpr int64_t kTurnIds = 16'384;
// Of the queue's timeout, where the queue does not get empty.
constexpr int kStandingShare = 10;

}  // namespace

LookupExecutor::LookupExecutor(Options options, LookupMetrics& metrics)
    : options_(std::move(options)),
      metrics_(metrics),
      queue_timeout_(absl::ToChronoNanoseconds(options_.queue_timeout)),
      queue_(kTurnIds),
      empty_at_(options_.now()) {
  for (int i = 0; i < options_.threads; ++i) {
    threads_.emplace_back([this] { Serve(); });
  }
}

LookupExecutor::~LookupExecutor() {
  {
    const MutexLock lock(mutex_);
    stopped_ = true;
    changed_.NotifyAll();
  }
  for (std::thread& thread : threads_) thread.join();
}

bool LookupExecutor::TakeInlineTurn() {
  if (num_queued() > 0) return false;  // Those that wait come first.
  if (num_inline_.fetch_add(1, std::memory_order_acq_rel) <
      options_.inline_max) {
    return true;
  }
  num_inline_.fetch_sub(1, std::memory_order_acq_rel);
  return false;
}

LookupExecutor::InlineTurn::~InlineTurn() {
  if (granted_) {
    executor_.num_inline_.fetch_sub(1, std::memory_order_acq_rel);
  }
}

void LookupExecutor::Enqueue(const std::string& caller, int64_t cost, bool full,
                             Work work) {
  Waiting newcomer = {std::move(work), options_.now()};
  std::optional<Waiting> given_up;
  ShedReason why = ShedReason::kQueueFull;
  {
    const MutexLock lock(mutex_);
    if (full) given_up = queue_.TakeFromLongest(caller);
    if (full && !given_up.has_value()) {
      given_up = std::move(newcomer);
      why = ShedReason::kRequests;
    } else {
      if (queue_.empty()) empty_at_ = newcomer.since;
      queue_.Push(caller, cost, std::move(newcomer));
      changed_.NotifyOne();
    }
    num_queued_.store(static_cast<int64_t>(queue_.size()),
                      std::memory_order_relaxed);
  }
  if (given_up.has_value()) given_up->work(why);
}

void LookupExecutor::SetQueueTimeout(absl::Duration timeout) {
  const MutexLock lock(mutex_);
  queue_timeout_ = absl::ToChronoNanoseconds(timeout);
}

bool LookupExecutor::IsTooLate(const Waiting& waiting,
                               Clock::time_point now) const {
  const bool standing = now - empty_at_ > queue_timeout_;
  const auto patience =
      standing ? queue_timeout_ / kStandingShare : queue_timeout_;
  return now - waiting.since > patience;
}

std::optional<LookupExecutor::Waiting> LookupExecutor::Take() {
  while (queue_.empty() && !stopped_) changed_.Wait(mutex_);
  std::optional<Waiting> waiting = queue_.Pop();
  num_queued_.store(static_cast<int64_t>(queue_.size()),
                    std::memory_order_relaxed);
  return waiting;
}

void LookupExecutor::Serve() {
  while (true) {
    std::optional<Waiting> waiting;
    std::optional<ShedReason> shed;
    Clock::time_point now;
    {
      const MutexLock lock(mutex_);
      waiting = Take();
      if (!waiting.has_value()) return;
      now = options_.now();
      if (IsTooLate(*waiting, now)) shed = ShedReason::kQueueTimeout;
      if (queue_.empty()) empty_at_ = now;
    }
    metrics_.queue_seconds.Observe(absl::FromChrono(now - waiting->since));
    waiting->work(shed);
  }
}

}  // namespace emb
