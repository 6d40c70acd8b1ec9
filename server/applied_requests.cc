#include "server/applied_requests.h"

#include <utility>

#include "core/status_macros.h"
#include "storage/byte_codec.h"
#include "storage/digest.h"

namespace emb {

Digest FingerprintOf(const UpsertRequest& request) {
  StreamHash hash;
  for (const RowUpdate& update : request.updates) {
    ByteWriter head;
    head.PutText(update.table);
    head.PutU8(update.expected_revision.has_value() ? 1 : 0);
    head.PutI64(update.expected_revision.value_or(0));
    head.PutU64(update.ids.size());
    head.PutU64(update.values.size());
    hash.Update(std::move(head).Take());
    hash.Update({reinterpret_cast<const std::byte*>(update.ids.data()),
                 update.ids.size() * sizeof(int64_t)});
    hash.Update(update.values);
  }
  return hash.Finish();
}

absl::Status CheckSameRequest(const AppliedRequest& request,
                              const Digest& fingerprint) {
  if (request.fingerprint == fingerprint) return absl::OkStatus();
  return absl::InvalidArgumentError(
      "request_id: was that of another request, want a new one");
}

void AppliedRequests::Restore(std::vector<AppliedRequest> requests) {
  for (AppliedRequest& request : requests) {
    next_number_ = request.number;
    Add(std::move(request));
  }
}

absl::StatusOr<const AppliedRequest*> AppliedRequests::Find(
    const std::string& id, const Digest& fingerprint) const {
  const auto found = requests_.find(id);
  if (found == requests_.end()) return nullptr;
  EMB_RETURN_IF_ERROR(CheckSameRequest(found->second, fingerprint));
  return &found->second;
}

void AppliedRequests::Add(AppliedRequest request) {
  next_number_ = request.number + 1;
  ids_.push_back(request.id);
  std::string id = request.id;
  requests_[std::move(id)] = std::move(request);
  if (ids_.size() > kAppliedRequestsKept) {
    requests_.erase(ids_.front());
    ids_.pop_front();
  }
}

}  // namespace emb
