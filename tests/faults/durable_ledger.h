// The oracle of durable_load: what a server must have, however often it dies.
#ifndef EMB_TESTS_FAULTS_DURABLE_LEDGER_H_
#define EMB_TESTS_FAULTS_DURABLE_LEDGER_H_

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "core/mutex.h"
#include "tests/faults/durable_state.h"

namespace emb {

// Ledger holds what some tables are by the changes that were acknowledged, and
// what they may be by the one that is in flight: at most one at a time.
//
// Threads  Thread-safe.
class Ledger {
 public:
  // At first there is none of these tables.
  explicit Ledger(std::vector<int64_t> tables) : tables_(std::move(tables)) {}

  const std::vector<int64_t>& tables() const { return tables_; }
  TableStates present() const;

  // A change that makes the tables `next` is in flight, and then acknowledged.
  // One that fails stays in flight until Settle: it may have been done or not.
  void Begin(TableStates next);
  void Acknowledge();

  enum class InFlight { kNothing, kDone, kNotDone };
  // Compares what a server has with what it must have. A change in flight is
  // done as a whole or not at all; from now on the tables are what they were
  // found to be.
  //
  // Errors   DATA_LOSS  says in what they differ; as ReadTables.
  absl::StatusOr<InFlight> Settle(const Client& client);

  // From now on, remembers what the tables are.
  void BeginHistory();
  // All that they were since, and may be by now.
  std::vector<TableStates> History() const;

 private:
  absl::StatusOr<InFlight> Compare(const SeenTables& seen);

  const std::vector<int64_t> tables_;

  mutable Mutex mutex_;
  TableStates present_ ABSL_GUARDED_BY(mutex_);
  std::optional<TableStates> in_flight_ ABSL_GUARDED_BY(mutex_);
  std::optional<std::vector<TableStates>> history_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace emb

#endif  // EMB_TESTS_FAULTS_DURABLE_LEDGER_H_
