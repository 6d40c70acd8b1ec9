#include "server/import_park.h"

#include <algorithm>
#include <map>
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

absl::Status NothingKept(const std::string& id) {
  return absl::NotFoundError(
      absl::StrCat("upload \"", id, "\": nothing of it is kept"));
}

void LogDropped(const std::string& id, absl::string_view why) {
  Log(LogLevel::kInfo, "import_dropped", {{"upload", id}, {"why", why}});
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

  struct Call {
    std::string header;
    std::function<void()> end;
  };
  struct Parked {
    std::unique_ptr<Upload> upload;
    std::unique_ptr<grpc::Alarm> alarm;
    uint64_t ticket = 0;  // Tells one stay from the next of the same id.
  };
  using ParkedMap = std::map<std::string, Parked>;

  // UNAVAILABLE if a call has it, which then ends.
  absl::Status EndCallOf(const std::string& id)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    const auto call = calls.find(id);
    if (call == calls.end()) return absl::OkStatus();
    // Under the lock: the call is there until it has given the id back.
    call->second.end();
    return absl::UnavailableError(absl::StrCat(
        "upload \"", id, "\": another call had it, which is being ended"));
  }

  // Out of the park, to be destroyed without the lock. Nobody is told to send
  // it away any more.
  Parked Remove(ParkedMap::iterator place)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    Parked removed = std::move(place->second);
    parked.erase(place);
    removed.upload->import->KeepName();
    return removed;
  }

  // Drops it, if it is still here.
  void Drop(const std::string& id, uint64_t ticket, absl::string_view why) {
    Parked dropped;  // Goes after the lock.
    {
      const MutexLock lock(mutex);
      const auto found = parked.find(id);
      if (found == parked.end() || found->second.ticket != ticket) return;
      dropped = Remove(found);
    }
    LogDropped(id, why);
  }

  int64_t ParkedBytes() {
    const MutexLock lock(mutex);
    int64_t bytes = 0;
    for (const auto& [id, each] : parked) {
      bytes += each.upload->import->memory_bytes();
    }
    return bytes;
  }

  // Drops those that wait longest, until so much memory is free; none, if all
  // of them have less.
  bool GiveBack(int64_t bytes) {
    if (ParkedBytes() < bytes) return false;
    std::map<std::string, Parked> dropped;  // Go after the lock.
    {
      const MutexLock lock(mutex);
      while (bytes > 0 && !parked.empty()) {
        const auto oldest = std::min_element(
            parked.begin(), parked.end(), [](const auto& a, const auto& b) {
              return a.second.ticket < b.second.ticket;
            });
        bytes -= oldest->second.upload->import->memory_bytes();
        const std::string id = oldest->first;
        dropped.emplace(id, Remove(oldest));
      }
    }
    for (const auto& [id, each] : dropped) LogDropped(id, "memory is wanted");
    return bytes <= 0;
  }

  Mutex mutex;
  std::map<std::string, Call> calls ABSL_GUARDED_BY(mutex);
  ParkedMap parked ABSL_GUARDED_BY(mutex);
  FinishedUploads finished ABSL_GUARDED_BY(mutex);
  uint64_t next_ticket ABSL_GUARDED_BY(mutex) = 1;
};

ImportPark::ImportPark(WorkerPool& workers, MemoryBudget& budget,
                       absl::Duration patience)
    : workers_(workers),
      budget_(budget),
      patience_(patience),
      state_(std::make_shared<State>(patience)) {
  budget_.SetSpare(
      {[state = state_] { return state->ParkedBytes(); },
       [state = state_](int64_t bytes) { return state->GiveBack(bytes); }});
}

ImportPark::~ImportPark() {
  budget_.SetSpare({});
  State::ParkedMap dropped;
  const MutexLock lock(state_->mutex);
  dropped.swap(state_->parked);
}

absl::StatusOr<std::unique_ptr<Upload>> ImportPark::Begin(
    const std::string& id, const std::string& header,
    std::function<void()> end_call) {
  State::Parked found;  // Its alarm goes after the lock.
  const MutexLock lock(state_->mutex);
  const auto call = state_->calls.find(id);
  if (call != state_->calls.end()) {
    EMB_RETURN_IF_ERROR(CheckHeader(id, header, call->second.header));
    return state_->EndCallOf(id);
  }
  auto upload = std::make_unique<Upload>();
  upload->header = header;
  if (const auto* const done = state_->finished.Find(id, absl::Now())) {
    EMB_RETURN_IF_ERROR(CheckHeader(id, header, done->header));
    upload->done = done->table;
    return upload;
  }
  const auto parked = state_->parked.find(id);
  if (parked != state_->parked.end()) {
    EMB_RETURN_IF_ERROR(CheckHeader(id, header, parked->second.upload->header));
    found = state_->Remove(parked);
    upload = std::move(found.upload);
  }
  state_->calls[id] = {header, std::move(end_call)};
  return upload;
}

void ImportPark::Park(const std::string& id, std::unique_ptr<Upload> upload) {
  const MutexLock lock(state_->mutex);
  state_->calls.erase(id);
  const uint64_t ticket = state_->next_ticket++;
  upload->import->LeaveNameIfWanted([state = state_, id, ticket] {
    state->Drop(id, ticket, "the table is wanted");
  });
  auto alarm = std::make_unique<grpc::Alarm>();
  alarm->Set(absl::ToChronoTime(absl::Now() + patience_),
             [state = state_, &workers = workers_, id, ticket](bool expired) {
               // Until it is dropped, this object and its workers are there.
               const MutexLock alive(state->mutex);
               if (!expired || !state->parked.contains(id)) return;
               workers.Run([state, id, ticket] {
                 state->Drop(id, ticket, "nobody came");
               });
             });
  state_->parked[id] = {std::move(upload), std::move(alarm), ticket};
}

void ImportPark::Finish(const std::string& id, const std::string& header,
                        const embedding::v1::TableInfo& table) {
  const MutexLock lock(state_->mutex);
  state_->calls.erase(id);
  state_->finished.Add(id, header, table, absl::Now());
}

void ImportPark::End(const std::string& id) {
  const MutexLock lock(state_->mutex);
  state_->calls.erase(id);
}

absl::StatusOr<UploadProgress> ImportPark::Find(const std::string& id) {
  const MutexLock lock(state_->mutex);
  EMB_RETURN_IF_ERROR(state_->EndCallOf(id));
  if (const auto* const done = state_->finished.Find(id, absl::Now())) {
    const embedding::v1::TableSpec& spec = done->table.spec();
    return UploadProgress{
        spec.num_rows() * spec.dim() * static_cast<int64_t>(sizeof(float)),
        done->table};
  }
  const auto found = state_->parked.find(id);
  if (found == state_->parked.end()) return NothingKept(id);
  return UploadProgress{found->second.upload->import->offset()};
}

absl::Status ImportPark::Drop(const std::string& id) {
  State::Parked dropped;  // Goes after the lock.
  {
    const MutexLock lock(state_->mutex);
    EMB_RETURN_IF_ERROR(state_->EndCallOf(id));
    const auto found = state_->parked.find(id);
    if (found == state_->parked.end()) return NothingKept(id);
    dropped = state_->Remove(found);
  }
  LogDropped(id, "its caller gave it up");
  return absl::OkStatus();
}

}  // namespace emb
