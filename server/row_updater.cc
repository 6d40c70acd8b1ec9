#include "server/row_updater.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "core/status_macros.h"
#include "server/idle_priority.h"

namespace emb {
namespace {

// Enough for one sync to serve many, not so much that the first of them waits
// for long.
constexpr int64_t kGroupBytesMax = int64_t{16} << 20;
constexpr size_t kGroupRequestsMax = 1'024;
// Beyond this callers are faster than the disk.
constexpr int64_t kWaitingBytesMax = int64_t{256} << 20;
constexpr size_t kRequestIdBytesMax = 128;

int64_t BytesOf(const UpsertRequest& request) {
  size_t bytes = 0;
  for (const RowUpdate& update : request.updates) {
    bytes += update.values.size() + update.ids.size() * sizeof(int64_t);
  }
  return static_cast<int64_t>(bytes);
}

UpsertResult ResultOf(const AppliedRequest& request) {
  UpsertResult result;
  result.epoch = request.epoch;
  result.repeated = true;
  for (const AppliedRequest::Table& table : request.tables) {
    result.tables.push_back({table.version, table.revision});
  }
  return result;
}

// The same request, sent again while it waits.
absl::StatusOr<const AppliedRequest*> FindAmong(
    const std::vector<AppliedRequest>& taken, const std::string& id,
    const Digest& fingerprint) {
  for (const AppliedRequest& request : taken) {
    if (request.id != id) continue;
    EMB_RETURN_IF_ERROR(CheckSameRequest(request, fingerprint));
    return &request;
  }
  return nullptr;
}

}  // namespace

RowUpdater::RowUpdater(Dependencies dependencies)
    : deps_(std::move(dependencies)), thread_([this] { Run(); }) {}

RowUpdater::~RowUpdater() {
  {
    MutexLock lock(mutex_);
    stopped_ = true;
    changed_.NotifyOne();
  }
  thread_.join();
}

absl::Status RowUpdater::Restore() {
  EMB_ASSIGN_OR_RETURN(std::vector<AppliedRequest> requests,
                       deps_.store.ReadRequests());
  MutexLock lock(applied_mutex_);
  applied_.Restore(std::move(requests));
  return absl::OkStatus();
}

void RowUpdater::Submit(UpsertRequest request, Done done) {
  if (request.request_id.size() > kRequestIdBytesMax) {
    return done(absl::InvalidArgumentError(
        absl::StrCat("request_id: ", request.request_id.size(),
                     " bytes, want at most ", kRequestIdBytesMax)));
  }
  Waiting waiting = {std::move(request), {}, std::move(done), 0};
  waiting.bytes = BytesOf(waiting.request);
  if (!waiting.request.request_id.empty()) {
    waiting.fingerprint = FingerprintOf(waiting.request);
  }
  {
    MutexLock lock(mutex_);
    if (waiting_bytes_ <= kWaitingBytesMax) {
      waiting_bytes_ += waiting.bytes;
      waiting_.push_back(std::move(waiting));
      changed_.NotifyOne();
      return;
    }
  }
  waiting.done(absl::ResourceExhaustedError(
      absl::StrCat("updates of ", kWaitingBytesMax,
                   " bytes are waiting for the disk, try again later")));
}

void RowUpdater::Run() {
  // Lookups come first; whoever waits for an update waits for the disk anyway.
  EnterLowPriority();
  while (true) {
    std::vector<Waiting> group = AwaitGroup();
    if (!group.empty()) CommitGroup(std::move(group));
    if (SecondsToSync() <= 0) Sync();
    MutexLock lock(mutex_);
    if (stopped_ && waiting_.empty()) break;
  }
  if (unsynced_since_.has_value()) Sync();
}

std::vector<RowUpdater::Waiting> RowUpdater::AwaitGroup() {
  MutexLock lock(mutex_);
  while (waiting_.empty() && !stopped_) {
    if (!unsynced_since_.has_value()) {
      changed_.Wait(mutex_);
    } else if (const double seconds = SecondsToSync(); seconds > 0) {
      changed_.WaitFor(mutex_, seconds);
    } else {
      break;
    }
  }
  std::vector<Waiting> group;
  int64_t bytes = 0;
  while (!waiting_.empty() && group.size() < kGroupRequestsMax &&
         (group.empty() || bytes + waiting_.front().bytes <= kGroupBytesMax)) {
    bytes += waiting_.front().bytes;
    group.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
  }
  waiting_bytes_ -= bytes;
  return group;
}

double RowUpdater::SecondsToSync() const {
  if (!unsynced_since_.has_value()) return 1;
  return absl::ToDoubleSeconds(*unsynced_since_ + deps_.sync_interval -
                               deps_.now());
}

void RowUpdater::Sync() {
  unsynced_since_.reset();
  const absl::Status status = deps_.store.Sync();
  if (!status.ok()) deps_.on_sync_error(status);
}

absl::StatusOr<UpsertResult> RowUpdater::Take(
    const Waiting& waiting, UpsertGroup& rows,
    std::vector<AppliedRequest>& taken) {
  const std::string& id = waiting.request.request_id;
  if (!id.empty()) {
    EMB_ASSIGN_OR_RETURN(const AppliedRequest* const before,
                         applied_.Find(id, waiting.fingerprint));
    if (before != nullptr) return ResultOf(*before);
    EMB_ASSIGN_OR_RETURN(const AppliedRequest* const beside,
                         FindAmong(taken, id, waiting.fingerprint));
    if (beside != nullptr) return ResultOf(*beside);
  }
  UpsertResult result;
  EMB_ASSIGN_OR_RETURN(result.tables, rows.Add(waiting.request));
  if (!id.empty()) {
    AppliedRequest applied;
    applied.number = applied_.next_number() + taken.size();
    applied.id = id;
    applied.fingerprint = waiting.fingerprint;
    for (const UpsertResult::Table& table : result.tables) {
      applied.tables.push_back({table.version, table.revision});
    }
    taken.push_back(std::move(applied));
  }
  return result;
}

std::optional<Edit> RowUpdater::PlanGroup(const std::vector<Waiting>& group,
                                          UpsertGroup& rows, Answers& answers) {
  std::vector<AppliedRequest> taken;
  MutexLock lock(applied_mutex_);
  for (const Waiting& waiting : group) {
    answers.push_back(Take(waiting, rows, taken));
  }
  if (rows.empty()) return std::nullopt;
  Edit edit = rows.MakeEdit();
  edit.requests = std::move(taken);
  edit.sync = deps_.durability == Durability::kSync;
  return edit;
}

void RowUpdater::CommitGroup(std::vector<Waiting> group) {
  Answers answers;
  std::optional<UpsertGroup> rows;
  std::vector<AppliedRequest> applied;
  const auto plan = [&](const Snapshot& snapshot)
      -> absl::StatusOr<std::optional<Committer::Plan>> {
    rows.emplace(snapshot,
                 UpsertGroup::Dependencies{deps_.reclaimer, deps_.budget,
                                           deps_.fold_targets});
    std::optional<Edit> edit = PlanGroup(group, *rows, answers);
    if (!edit.has_value()) return std::nullopt;
    applied = edit->requests;
    Committer::Plan todo;
    todo.edit = *std::move(edit);
    todo.apply = [&] { return std::move(*rows).Apply(); };
    return todo;
  };
  const auto epoch = deps_.committer.Commit(plan);
  if (epoch.ok() && !rows->empty()) {
    if (deps_.durability == Durability::kInterval && !unsynced_since_) {
      unsynced_since_ = deps_.now();
    }
    MutexLock lock(applied_mutex_);
    for (AppliedRequest& request : applied) {
      request.epoch = *epoch;
      applied_.Add(std::move(request));
    }
    deps_.on_update();
  }
  for (size_t i = 0; i < group.size(); ++i) {
    absl::StatusOr<UpsertResult>& answer = answers[i];
    // An epoch is known already if the request was done long before.
    if (answer.ok() && answer->epoch == 0) {
      if (epoch.ok()) {
        answer->epoch = *epoch;
      } else {
        answer = epoch.status();
      }
    }
    group[i].done(std::move(answer));
  }
}

}  // namespace emb
