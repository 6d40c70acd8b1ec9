// How many lookups, and how many bytes of them, may be in the server at once.
#ifndef EMB_SERVER_ADMISSION_IN_FLIGHT_H_
#define EMB_SERVER_ADMISSION_IN_FLIGHT_H_

#include <atomic>
#include <cstdint>

#include "server/limits.h"

namespace emb {

// InFlight counts lookups from their receipt until the transport has taken
// their answers: callers that do not read cannot fill the server's memory.
//
// Threads  Thread-safe; no lock.
class InFlight {
 public:
  // `limits` may be changed meanwhile (SetLimits).
  explicit InFlight(const Limits& limits) { SetLimits(limits); }
  ~InFlight() = default;

  InFlight(const InFlight&) = delete;
  InFlight& operator=(const InFlight&) = delete;

  void SetLimits(const Limits& limits) {
    requests_max_ = limits.inflight_requests_max;
    bytes_max_ = limits.inflight_bytes_max;
  }

  // One lookup's place. Must not outlive what gave it.
  class Place {
   public:
    explicit Place(InFlight& in_flight) : in_flight_(in_flight) {
      in_flight_.requests_.fetch_add(1, std::memory_order_relaxed);
    }
    ~Place() {
      in_flight_.bytes_.fetch_sub(bytes_, std::memory_order_relaxed);
      in_flight_.requests_.fetch_sub(1, std::memory_order_relaxed);
    }

    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

    // There are more places than there should be.
    bool is_too_many() const {
      return in_flight_.requests() >
             in_flight_.requests_max_.load(std::memory_order_relaxed);
    }

    // Takes room for so many bytes more; false: there is none.
    bool TakeBytes(int64_t bytes);

   private:
    InFlight& in_flight_;
    int64_t bytes_ = 0;
  };

  int64_t requests() const { return requests_.load(std::memory_order_relaxed); }
  int64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }

 private:
  std::atomic<int64_t> requests_max_{0};
  std::atomic<int64_t> bytes_max_{0};
  alignas(64) std::atomic<int64_t> requests_{0};
  std::atomic<int64_t> bytes_{0};
};

inline bool InFlight::Place::TakeBytes(int64_t bytes) {
  const int64_t before =
      in_flight_.bytes_.fetch_add(bytes, std::memory_order_relaxed);
  if (before + bytes > in_flight_.bytes_max_) {
    in_flight_.bytes_.fetch_sub(bytes, std::memory_order_relaxed);
    return false;
  }
  bytes_ += bytes;
  return true;
}

}  // namespace emb

#endif  // EMB_SERVER_ADMISSION_IN_FLIGHT_H_
