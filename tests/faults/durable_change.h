// The changes that durable_load makes: each is a call, and what there must be
// once it is done.
#ifndef EMB_TESTS_FAULTS_DURABLE_CHANGE_H_
#define EMB_TESTS_FAULTS_DURABLE_CHANGE_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "emb/client.h"
#include "tests/faults/durable_state.h"

namespace emb {

struct Change {
  std::string kind;
  TableStates next;
  std::function<absl::Status(const Client& client)> call;
  // Called again, it is not done again.
  bool is_done_once = false;
};

// ChangeMaker draws changes of some tables, which nobody else changes.
//
// Threads  One thread.
class ChangeMaker {
 public:
  struct Options {
    std::vector<int64_t> tables;
    uint64_t seed = 0;
    // Numbers of changes: first, first + step ...
    int64_t first = 1;
    int64_t step = 1;
    // The control of publishing in one step: one table after the other.
    bool publish_one_by_one = false;
  };

  explicit ChangeMaker(Options options)
      : options_(std::move(options)),
        random_(options_.seed),
        number_(options_.first) {}

  // One that can be done to the tables as they are, and changes something.
  Change Make(const TableStates& present);

 private:
  std::optional<Change> TryCreate(const TableStates& present);
  std::optional<Change> TryDrop(const TableStates& present);
  std::optional<Change> TryUpsert(const TableStates& present);
  std::optional<Change> TryImport(const TableStates& present);
  std::optional<Change> TryPublish(const TableStates& present);
  std::optional<Change> TryRollback(const TableStates& present);

  RowValues UpdateRows(int64_t table, float number, TableState& state);
  int64_t Below(int64_t end);
  int64_t AnyTable();
  int64_t AnyNumRows();
  float NextNumber();

  const Options options_;
  std::mt19937_64 random_;
  int64_t number_;
};

}  // namespace emb

#endif  // EMB_TESTS_FAULTS_DURABLE_CHANGE_H_
