#include "server/name_claims.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace emb {

absl::StatusOr<NameClaims::Claim> NameClaims::Take(std::set<std::string> names,
                                                   absl::StatusCode if_taken) {
  {
    MutexLock lock(mutex_);
    for (const std::string& name : names) {
      if (taken_.contains(name)) {
        return absl::Status(
            if_taken,
            absl::StrCat("table \"", name, "\": a change is in progress"));
      }
    }
    taken_.insert(names.begin(), names.end());
  }
  return Claim(*this, std::move(names));
}

void NameClaims::Release(const std::set<std::string>& names) {
  MutexLock lock(mutex_);
  for (const std::string& name : names) taken_.erase(name);
}

}  // namespace emb
