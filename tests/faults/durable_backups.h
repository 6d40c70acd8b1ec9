// Backups that durable_load makes of what is being changed.
#ifndef EMB_TESTS_FAULTS_DURABLE_BACKUPS_H_
#define EMB_TESTS_FAULTS_DURABLE_BACKUPS_H_

#include <cstdint>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "emb/client.h"
#include "tests/faults/durable_ledger.h"
#include "tests/faults/durable_tally.h"

namespace emb {

// Backups makes one after the other in a thread of its own, until one fails.
//
// Threads  One thread.
class Backups {
 public:
  static constexpr char kKind[] = "backup";

  // Ledgers of all tables. They and `tally` outlive it.
  Backups(std::vector<Ledger*> ledgers, Tally& tally)
      : ledgers_(std::move(ledgers)), tally_(tally) {}
  ~Backups() { Join(); }

  Backups(const Backups&) = delete;
  Backups& operator=(const Backups&) = delete;

  void Start(Client client) {
    thread_ = std::thread(
        [this, client = std::move(client)] { BackUpUntilFailure(client); });
  }

  void Join() {
    if (thread_.joinable()) thread_.join();
  }

  // The newest that was acknowledged; 0: none was. This and what follows: call
  // between Join and Start.
  int64_t newest() const {
    return acknowledged_.empty() ? 0 : *acknowledged_.rbegin();
  }

  // Whether those acknowledged that are to be kept are there, and none is
  // damaged.
  absl::Status Check(const Client& client) const;

  // Whether a server that `newest` was restored into has of each ledger a
  // state that it had while the backup was made.
  absl::Status CheckRestored(const Client& client) const;

 private:
  void BackUpUntilFailure(const Client& client);

  const std::vector<Ledger*> ledgers_;
  Tally& tally_;
  std::thread thread_;
  // The newest kBackupsKept.
  std::set<int64_t> acknowledged_;
  // Of each ledger, while the newest was made.
  std::vector<std::vector<TableStates>> histories_;
};

}  // namespace emb

#endif  // EMB_TESTS_FAULTS_DURABLE_BACKUPS_H_
