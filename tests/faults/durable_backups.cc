#include "tests/faults/durable_backups.h"

#include <algorithm>
#include <iterator>
#include <string>

#include "absl/strings/str_cat.h"

namespace emb {
namespace {

constexpr char kName[] = "load";
constexpr size_t kBackupsKept = 3;
// A backup takes much of the disk: others want to change tables.
constexpr int64_t kChangesBetween = 50;

// Whether one of these states is what a server has of its tables. There is
// always one.
absl::Status CheckIsOneOf(const Client& client,
                          const std::vector<int64_t>& tables,
                          const std::vector<TableStates>& history) {
  const auto seen = ReadTables(client, tables);
  if (!seen.ok()) return seen.status();
  for (const TableStates& state : history) {
    if (DifferenceOf(*seen, state).empty()) return absl::OkStatus();
  }
  return absl::DataLossError(
      absl::StrCat("none of ", history.size(),
                   " states; at first: ", DifferenceOf(*seen, history.front()),
                   "; at last: ", DifferenceOf(*seen, history.back())));
}

}  // namespace

void Backups::BackUpUntilFailure(const Client& client) {
  BackupOptions options;
  options.keep = kBackupsKept;
  while (true) {
    for (Ledger* ledger : ledgers_) ledger->BeginHistory();
    const auto made = client.Backup(kName, options);
    if (!made.ok()) return tally_.CountFailed(kKind, made.status());
    acknowledged_.insert(made->id);
    if (acknowledged_.size() > kBackupsKept) {
      acknowledged_.erase(acknowledged_.begin());
    }
    histories_.clear();
    for (Ledger* ledger : ledgers_) histories_.push_back(ledger->History());
    tally_.CountAcknowledged(kKind);
    tally_.AwaitMore("", kChangesBetween);
  }
}

absl::Status Backups::Check(const Client& client) const {
  const auto listed = client.ListBackups(kName);
  if (!listed.ok() && !absl::IsNotFound(listed.status())) {
    return listed.status();
  }
  std::set<int64_t> found;
  if (listed.ok()) {
    for (const BackupInfo& backup : *listed) {
      found.insert(backup.id);
      if (!backup.damaged) continue;
      return absl::DataLossError(
          absl::StrCat("backup ", backup.id, " is damaged"));
    }
  }
  for (const int64_t id : acknowledged_) {
    // One that was not acknowledged may be there and take the place of one
    // that was.
    const auto newer = std::distance(found.upper_bound(id), found.end());
    if (found.count(id) > 0 || newer >= int64_t{kBackupsKept}) continue;
    return absl::DataLossError(absl::StrCat("backup ", id, " is not there"));
  }
  return absl::OkStatus();
}

absl::Status Backups::CheckRestored(const Client& client) const {
  if (acknowledged_.empty()) {
    return absl::FailedPreconditionError("no backup was acknowledged");
  }
  for (size_t i = 0; i < ledgers_.size(); ++i) {
    const absl::Status found =
        CheckIsOneOf(client, ledgers_[i]->tables(), histories_[i]);
    if (!found.ok()) return found;
  }
  return absl::OkStatus();
}

}  // namespace emb
