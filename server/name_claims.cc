#include "server/name_claims.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "core/status_macros.h"

namespace emb {

absl::StatusOr<NameClaims::Claim> NameClaims::Take(std::set<std::string> names,
                                                   absl::StatusCode if_taken) {
  while (true) {
    EMB_ASSIGN_OR_RETURN(const auto leaving, TryTake(names, if_taken));
    if (leaving.empty()) return Claim(*this, std::move(names));
    // Without the lock, which the claims' ends take.
    for (const auto& leave : leaving) leave();
  }
}

absl::StatusOr<std::vector<std::function<void()>>> NameClaims::TryTake(
    const std::set<std::string>& names, absl::StatusCode if_taken) {
  const MutexLock lock(mutex_);
  std::vector<std::function<void()>> leaving;
  for (const std::string& name : names) {
    const auto found = taken_.find(name);
    if (found == taken_.end()) continue;
    if (!found->second) {
      return absl::Status(
          if_taken,
          absl::StrCat("table \"", name, "\": a change is in progress"));
    }
    leaving.push_back(found->second);
  }
  if (leaving.empty()) {
    for (const std::string& name : names) taken_[name] = nullptr;
  }
  return leaving;
}

void NameClaims::Release(const std::set<std::string>& names) {
  MutexLock lock(mutex_);
  for (const std::string& name : names) taken_.erase(name);
}

void NameClaims::SetLeave(const std::set<std::string>& names,
                          const std::function<void()>& leave) {
  MutexLock lock(mutex_);
  for (const std::string& name : names) taken_[name] = leave;
}

}  // namespace emb
