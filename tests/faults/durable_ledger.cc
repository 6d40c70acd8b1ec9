#include "tests/faults/durable_ledger.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"

namespace emb {

TableStates Ledger::present() const {
  const MutexLock lock(mutex_);
  return present_;
}

void Ledger::Begin(TableStates next) {
  const MutexLock lock(mutex_);
  in_flight_ = std::move(next);
}

void Ledger::Acknowledge() {
  const MutexLock lock(mutex_);
  present_ = *std::move(in_flight_);
  in_flight_.reset();
  if (history_) history_->push_back(present_);
}

absl::StatusOr<Ledger::InFlight> Ledger::Settle(const Client& client) {
  const auto seen = ReadTables(client, tables_);
  if (!seen.ok()) return seen.status();
  return Compare(*seen);
}

absl::StatusOr<Ledger::InFlight> Ledger::Compare(const SeenTables& seen) {
  const MutexLock lock(mutex_);
  const std::string undone = DifferenceOf(seen, present_);
  if (!in_flight_) {
    if (undone.empty()) return InFlight::kNothing;
    return absl::DataLossError(undone);
  }
  const std::string done = DifferenceOf(seen, *in_flight_);
  if (!done.empty() && !undone.empty()) {
    return absl::DataLossError(
        absl::StrCat(undone, "; or with the change in flight: ", done));
  }
  if (done.empty()) present_ = *std::move(in_flight_);
  in_flight_.reset();
  return done.empty() ? InFlight::kDone : InFlight::kNotDone;
}

void Ledger::BeginHistory() {
  const MutexLock lock(mutex_);
  history_ = {present_};
}

std::vector<TableStates> Ledger::History() const {
  const MutexLock lock(mutex_);
  std::vector<TableStates> states;
  if (history_) states = *history_;
  if (in_flight_) states.push_back(*in_flight_);
  return states;
}

}  // namespace emb
