#include "server/name_claims.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

namespace emb {

absl::StatusOr<NameClaims::Claim> NameClaims::Take(std::set<std::string> names,
                                                   absl::StatusCode if_taken) {
  SendAway(names);
  {
    MutexLock lock(mutex_);
    for (const std::string& name : names) {
      if (taken_.contains(name)) {
        return absl::Status(
            if_taken,
            absl::StrCat("table \"", name, "\": a change is in progress"));
      }
    }
    for (const std::string& name : names) taken_[name] = nullptr;
  }
  return Claim(*this, std::move(names));
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

void NameClaims::SendAway(const std::set<std::string>& names) {
  std::vector<std::function<void()>> leaving;
  {
    MutexLock lock(mutex_);
    for (const std::string& name : names) {
      const auto found = taken_.find(name);
      if (found != taken_.end() && found->second) {
        leaving.push_back(found->second);
      }
    }
  }
  // Without the lock, which the claims' ends take.
  for (const auto& leave : leaving) leave();
}

}  // namespace emb
