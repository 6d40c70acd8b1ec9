#include "server/import_park.h"

#include <map>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "core/mutex.h"
#include "core/status_macros.h"
#include "grpcpp/alarm.h"
#include "server/finished_uploads.h"
#include "server/log.h"

namespace emb {
namespace {

absl::Status InUse(const std::string& id) {
  return absl::UnavailableError(
      absl::StrCat("upload \"", id, "\": another call has it"));
}

absl::Status CheckHeader(const std::string& id, const std::string& header,
                         const std::string& before) {
  if (header == before) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("header: not that with which upload \"", id, "\" began"));
}

}  // namespace

struct ImportPark::State {
  explicit State(absl::Duration patience) : finished(patience) {}

  struct Parked {
    std::unique_ptr<Upload> upload;
    std::unique_ptr<grpc::Alarm> alarm;
    uint64_t ticket = 0;  // Tells one stay from the next of the same id.
  };

  // Drops it, if it is still here.
  void Drop(const std::string& id, uint64_t ticket) {
    std::optional<Parked> dropped;  // Goes after the lock.
    const MutexLock lock(mutex);
    const auto found = parked.find(id);
    if (found == parked.end() || found->second.ticket != ticket) return;
    dropped = std::move(found->second);
    parked.erase(found);
  }

  Mutex mutex;
  std::set<std::string> in_use ABSL_GUARDED_BY(mutex);
  std::map<std::string, Parked> parked ABSL_GUARDED_BY(mutex);
  FinishedUploads finished ABSL_GUARDED_BY(mutex);
  uint64_t next_ticket ABSL_GUARDED_BY(mutex) = 1;
};

ImportPark::ImportPark(WorkerPool& workers, absl::Duration patience)
    : workers_(workers),
      patience_(patience),
      state_(std::make_shared<State>(patience)) {}

ImportPark::~ImportPark() {
  std::map<std::string, State::Parked> dropped;
  const MutexLock lock(state_->mutex);
  dropped.swap(state_->parked);
}

absl::StatusOr<std::unique_ptr<Upload>> ImportPark::Begin(
    const std::string& id, const std::string& header) {
  State::Parked found;  // Its alarm goes after the lock.
  const MutexLock lock(state_->mutex);
  if (state_->in_use.contains(id)) return InUse(id);
  auto upload = std::make_unique<Upload>();
  upload->header = header;
  if (const auto* const done = state_->finished.Find(id, absl::Now())) {
    EMB_RETURN_IF_ERROR(CheckHeader(id, header, done->header));
    upload->done = done->table;
    return upload;
  }
  const auto parked = state_->parked.find(id);
  if (parked == state_->parked.end()) {
    state_->in_use.insert(id);
    return upload;
  }
  EMB_RETURN_IF_ERROR(CheckHeader(id, header, parked->second.upload->header));
  found = std::move(parked->second);
  state_->parked.erase(parked);
  state_->in_use.insert(id);
  found.upload->import->KeepName();
  return std::move(found.upload);
}

void ImportPark::Park(const std::string& id, std::unique_ptr<Upload> upload) {
  const MutexLock lock(state_->mutex);
  state_->in_use.erase(id);
  const uint64_t ticket = state_->next_ticket++;
  upload->import->LeaveNameIfWanted(
      [state = state_, id, ticket] { state->Drop(id, ticket); });
  auto alarm = std::make_unique<grpc::Alarm>();
  alarm->Set(absl::ToChronoTime(absl::Now() + patience_),
             [state = state_, &workers = workers_, id, ticket](bool expired) {
               // Until it is dropped, this object and its workers are there.
               const MutexLock alive(state->mutex);
               if (!expired || !state->parked.contains(id)) return;
               workers.Run([state, id, ticket] {
                 Log(LogLevel::kInfo, "import_dropped", {{"upload", id}});
                 state->Drop(id, ticket);
               });
             });
  state_->parked[id] = {std::move(upload), std::move(alarm), ticket};
}

void ImportPark::Finish(const std::string& id, const std::string& header,
                        const embedding::v1::TableInfo& table) {
  const MutexLock lock(state_->mutex);
  state_->in_use.erase(id);
  state_->finished.Add(id, header, table, absl::Now());
}

void ImportPark::End(const std::string& id) {
  const MutexLock lock(state_->mutex);
  state_->in_use.erase(id);
}

absl::StatusOr<UploadProgress> ImportPark::Find(const std::string& id) const {
  const MutexLock lock(state_->mutex);
  if (state_->in_use.contains(id)) return InUse(id);
  if (const auto* const done = state_->finished.Find(id, absl::Now())) {
    const embedding::v1::TableSpec& spec = done->table.spec();
    return UploadProgress{
        spec.num_rows() * spec.dim() * static_cast<int64_t>(sizeof(float)),
        done->table};
  }
  const auto found = state_->parked.find(id);
  if (found != state_->parked.end()) {
    return UploadProgress{found->second.upload->import->offset()};
  }
  return absl::NotFoundError(
      absl::StrCat("upload \"", id, "\": nothing of it is kept"));
}

}  // namespace emb
