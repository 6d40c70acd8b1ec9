// One change of a table at a time.
#ifndef EMB_SERVER_NAME_CLAIMS_H_
#define EMB_SERVER_NAME_CLAIMS_H_

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/mutex.h"

namespace emb {

// NameClaims hands out the right to change tables, by name.
//
// Threads  Thread-safe.
class NameClaims {
 public:
  // Holds names until it is destroyed.
  class Claim {
   public:
    Claim(Claim&& other) noexcept
        : claims_(other.claims_), names_(std::move(other.names_)) {
      other.names_.clear();
    }
    Claim& operator=(Claim&&) = delete;
    ~Claim() {
      if (!names_.empty()) claims_->Release(names_);  // Not moved from.
    }

    // From now on, who wants one of the names calls `leave`, which destroys
    // this claim, instead of being refused. Null: no more.
    void LeaveIfWanted(const std::function<void()>& leave) {
      claims_->SetLeave(names_, leave);
    }

   private:
    friend class NameClaims;
    Claim(NameClaims& claims, std::set<std::string> names)
        : claims_(&claims), names_(std::move(names)) {}

    NameClaims* claims_;
    std::set<std::string> names_;
  };

  // Takes all of `names` or none. Who leaves is sent away only where all others
  // are to be had: whoever takes names has checked what else may be wrong.
  //
  // Errors   `if_taken`  another change of one of them is in progress.
  // REQUIRES: this object outlives the claim.
  absl::StatusOr<Claim> Take(
      std::set<std::string> names,
      absl::StatusCode if_taken = absl::StatusCode::kAborted);

 private:
  void Release(const std::set<std::string>& names);
  void SetLeave(const std::set<std::string>& names,
                const std::function<void()>& leave);
  // Takes them, or says who must leave before that.
  absl::StatusOr<std::vector<std::function<void()>>> TryTake(
      const std::set<std::string>& names, absl::StatusCode if_taken);

  Mutex mutex_;
  // By name: what to call if it is wanted, null if it is not to be had.
  std::map<std::string, std::function<void()>> taken_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace emb

#endif  // EMB_SERVER_NAME_CLAIMS_H_
