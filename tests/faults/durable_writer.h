// One caller of durable_load.
#ifndef EMB_TESTS_FAULTS_DURABLE_WRITER_H_
#define EMB_TESTS_FAULTS_DURABLE_WRITER_H_

#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "emb/client.h"
#include "tests/faults/durable_change.h"
#include "tests/faults/durable_ledger.h"
#include "tests/faults/durable_tally.h"

namespace emb {

// Writer changes tables of its own in a thread of its own, one change after
// the other, until one fails.
//
// Threads  One thread.
class Writer {
 public:
  struct Options {
    ChangeMaker::Options changes;
    bool count_failed = false;  // The control: failed changes count as done.
  };

  // `tally` outlives it.
  Writer(const Options& options, Tally& tally)
      : count_failed_(options.count_failed),
        changes_(options.changes),
        ledger_(options.changes.tables),
        tally_(tally) {}
  ~Writer() { Join(); }

  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  void Start(Client client) {
    thread_ = std::thread(
        [this, client = std::move(client)] { ChangeUntilFailure(client); });
  }

  void Join() {
    if (thread_.joinable()) thread_.join();
  }

  // As Ledger::Settle. A row update that failed is then sent again, under its
  // request_id: now it is done, and once, whether it was before or not. Call
  // between Join and Start.
  absl::StatusOr<Ledger::InFlight> Settle(const Client& client) {
    const auto in_flight = ledger_.Settle(client);
    const bool again = in_flight.ok() && last_.is_done_once &&
                       *in_flight != Ledger::InFlight::kNothing;
    if (!again) return in_flight;
    ledger_.Begin(last_.next);
    const absl::Status status = last_.call(client);
    if (!status.ok()) return status;
    ledger_.Acknowledge();
    const auto settled = ledger_.Settle(client);
    return settled.ok() ? in_flight : settled;
  }

  Ledger& ledger() { return ledger_; }

 private:
  void ChangeUntilFailure(const Client& client) {
    absl::Status status;
    while (status.ok()) {
      last_ = changes_.Make(ledger_.present());
      ledger_.Begin(last_.next);
      status = last_.call(client);
      if (!status.ok()) tally_.CountFailed(last_.kind, status);
      if (!status.ok() && !count_failed_) return;
      ledger_.Acknowledge();
      tally_.CountAcknowledged(last_.kind);
    }
  }

  const bool count_failed_;
  ChangeMaker changes_;
  Change last_;
  Ledger ledger_;
  Tally& tally_;
  std::thread thread_;
};

}  // namespace emb

#endif  // EMB_TESTS_FAULTS_DURABLE_WRITER_H_
