#include "client/cli/bench/bench_tally.h"

#include <algorithm>

namespace emb {

void BenchTally::Merge(const BenchTally& other) {
  answered += other.answered;
  failed += other.failed;
  values_bytes += other.values_bytes;
  latencies.Merge(other.latencies);
  last_answer = std::max(last_answer, other.last_answer);
  for (const auto& [code, count] : other.errors) errors[code] += count;
  if (!other.last_error.ok()) last_error = other.last_error;
  unsent += other.unsent;
  lateness_max = std::max(lateness_max, other.lateness_max);
}

void TallyBoard::Record(absl::Duration start, absl::Duration now,
                        const absl::StatusOr<LookupResult>& result) {
  if (start < warmup_) return;
  const MutexLock lock(mutex_);
  if (!result.ok()) {
    ++tally_.failed;
    ++tally_.errors[result.status().code()];
    tally_.last_error = result.status();
    return;
  }
  ++tally_.answered;
  tally_.latencies.Record(now - start);
  tally_.last_answer = std::max(tally_.last_answer, now);
  for (const FeatureResult& feature : result->features()) {
    tally_.values_bytes += static_cast<int64_t>(feature.bytes.size());
  }
}

void TallyBoard::RecordSent(absl::Duration due, absl::Duration now) {
  if (due < warmup_) return;
  const MutexLock lock(mutex_);
  tally_.lateness_max = std::max(tally_.lateness_max, now - due);
}

void TallyBoard::RecordUnsent(int64_t count) {
  const MutexLock lock(mutex_);
  tally_.unsent += count;
}

BenchTally TallyBoard::tally() const {
  const MutexLock lock(mutex_);
  return tally_;
}

}  // namespace emb
