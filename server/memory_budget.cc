#include "server/memory_budget.h"

#include <algorithm>
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
  const SpareMemory others = spare();
  for (int64_t missing = Missing(bytes); missing > 0;
       missing = Missing(bytes)) {
    // Without the lock, which reservations take at their end.
    if (!others.give_back || !others.give_back(missing)) break;
  }
  MutexLock lock(mutex_);
  while (bytes > limit_bytes_ - used_bytes_ && absl::Now() < deadline) {
    released_.WaitFor(mutex_, absl::ToDoubleSeconds(deadline - absl::Now()));
  }
  if (bytes > limit_bytes_ - used_bytes_) return DoesNotFit(bytes);
  used_bytes_ += bytes;
  return Reservation(this, bytes);
}

absl::Status MemoryBudget::CheckFits(int64_t bytes) const {
  const SpareMemory others = spare();
  const int64_t missing = Missing(bytes);
  if (missing == 0 || (others.bytes && missing <= others.bytes())) {
    return absl::OkStatus();
  }
  const MutexLock lock(mutex_);
  return DoesNotFit(bytes);
}

void MemoryBudget::SetSpare(SpareMemory spare) {
  const MutexLock lock(mutex_);
  spare_ = std::move(spare);
}

SpareMemory MemoryBudget::spare() const {
  const MutexLock lock(mutex_);
  return spare_;
}

int64_t MemoryBudget::Missing(int64_t bytes) const {
  const MutexLock lock(mutex_);
  return std::max<int64_t>(0, bytes - (limit_bytes_ - used_bytes_));
}

absl::Status MemoryBudget::DoesNotFit(int64_t bytes) const {
  return absl::ResourceExhaustedError(
      absl::StrCat("memory: ", FormatByteSize(bytes), " needed, ",
                   FormatByteSize(limit_bytes_ - used_bytes_), " of ",
                   FormatByteSize(limit_bytes_),
                   " are free; drop tables or raise --memory_limit"));
}

int64_t MemoryBudget::used_bytes() const {
  MutexLock lock(mutex_);
  return used_bytes_;
}

}  // namespace emb
