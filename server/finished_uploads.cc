#include "server/finished_uploads.h"

namespace emb {

void FinishedUploads::Add(const std::string& id, std::string header,
                          embedding::v1::TableInfo table, absl::Time now) {
  const Finished done = {std::move(header), std::move(table), now + patience_};
  if (finished_.insert_or_assign(id, done).second) ids_.push_back(id);
  while (ids_.size() > kKept ||
         finished_.at(ids_.front()).forgotten_at <= now) {
    finished_.erase(ids_.front());
    ids_.pop_front();
    if (ids_.empty()) return;  // A patience of none.
  }
}

const FinishedUploads::Finished* FinishedUploads::Find(const std::string& id,
                                                       absl::Time now) const {
  const auto found = finished_.find(id);
  if (found == finished_.end() || found->second.forgotten_at <= now) {
    return nullptr;
  }
  return &found->second;
}

}  // namespace emb
