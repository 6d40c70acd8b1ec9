// How much memory tables may take.
#ifndef EMB_SERVER_MEMORY_BUDGET_H_
#define EMB_SERVER_MEMORY_BUDGET_H_

#include <cstdint>
#include <functional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "core/mutex.h"

namespace emb {

// Memory that somebody has reserved but can do without.
struct SpareMemory {
  std::function<int64_t()> bytes;
  // Gives back so many bytes, or more; false: there are fewer, all are kept.
  std::function<bool(int64_t bytes)> give_back;
};

// MemoryBudget is asked before a table is allocated, so that what does not
// fit is refused rather than killed by the kernel.
//
// Threads  Thread-safe.
class MemoryBudget {
 public:
  // A part of the budget, given back at its end. Must not outlive the budget.
  class Reservation {
   public:
    Reservation() = default;
    Reservation(MemoryBudget* budget, int64_t bytes)
        : budget_(budget), bytes_(bytes) {}
    Reservation(Reservation&& other) noexcept;
    Reservation& operator=(Reservation&& other) noexcept;
    ~Reservation();

    int64_t bytes() const { return budget_ == nullptr ? 0 : bytes_; }

   private:
    MemoryBudget* budget_ = nullptr;
    int64_t bytes_ = 0;
  };

  explicit MemoryBudget(int64_t limit_bytes) : limit_bytes_(limit_bytes) {}

  // Where it does not fit, what is spare goes first.
  //
  // Errors   RESOURCE_EXHAUSTED  names the need, the use and the limit.
  // REQUIRES: bytes >= 0.
  absl::StatusOr<Reservation> Reserve(int64_t bytes);

  // The same, but waits that long for others to give back what is missing.
  absl::StatusOr<Reservation> ReserveWithin(absl::Duration patience,
                                            int64_t bytes);

  // Whether it would fit, if all that is spare went. Errors as Reserve.
  absl::Status CheckFits(int64_t bytes) const;

  // Called on whatever thread wants memory. Null functions: nothing is spare.
  void SetSpare(SpareMemory spare);

  int64_t limit_bytes() const { return limit_bytes_; }
  int64_t used_bytes() const;

 private:
  // By how much this is more than is free; 0: it fits.
  int64_t Missing(int64_t bytes) const;
  SpareMemory spare() const;
  absl::Status DoesNotFit(int64_t bytes) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const int64_t limit_bytes_;
  mutable Mutex mutex_;
  CondVar released_;
  int64_t used_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  SpareMemory spare_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace emb

#endif  // EMB_SERVER_MEMORY_BUDGET_H_
