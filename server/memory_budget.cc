#include "server/memory_budget.h"

#include <cassert>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "server/byte_size.h"

namespace emb {

MemoryBudget::Reservation::Reservation(Reservation&& other) noexcept
    : budget_(std::exchange(other.budget_, nullptr)), bytes_(other.bytes_) {}

MemoryBudget::Reservation& MemoryBudget::Reservation::operator=(
    Reservation&& other) noexcept {
  const Reservation old(std::move(*this));  // Given back on return.
  budget_ = std::exchange(other.budget_, nullptr);
  bytes_ = other.bytes_;
  return *this;
}

MemoryBudget::Reservation::~Reservation() {
  if (budget_ == nullptr) return;
  MutexLock lock(budget_->mutex_);
  budget_->used_bytes_ -= bytes_;
  budget_->released_.NotifyAll();
}

absl::StatusOr<MemoryBudget::Reservation> MemoryBudget::Reserve(int64_t bytes) {
  return ReserveWithin(absl::ZeroDuration(), bytes);
}

absl::StatusOr<MemoryBudget::Reservation> MemoryBudget::ReserveWithin(
    absl::Duration patience, int64_t bytes) {
  assert(bytes >= 0);
  const absl::Time deadline = absl::Now() + patience;
  MutexLock lock(mutex_);
  while (bytes > limit_bytes_ - used_bytes_ && absl::Now() < deadline) {
    released_.WaitFor(mutex_, absl::ToDoubleSeconds(deadline - absl::Now()));
  }
  if (bytes > limit_bytes_ - used_bytes_) {
    return absl::ResourceExhaustedError(
        absl::StrCat("memory: ", FormatByteSize(bytes), " needed, ",
                     FormatByteSize(limit_bytes_ - used_bytes_), " of ",
                     FormatByteSize(limit_bytes_),
                     " are free; drop tables or raise --memory_limit"));
  }
  used_bytes_ += bytes;
  return Reservation(this, bytes);
}

int64_t MemoryBudget::used_bytes() const {
  MutexLock lock(mutex_);
  return used_bytes_;
}

}  // namespace emb
