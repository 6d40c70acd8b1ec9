// Keeps long reading within a rate, and tells of its progress.
#ifndef EMB_STORAGE_PACER_H_
#define EMB_STORAGE_PACER_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "storage/store_maintenance.h"

namespace emb {

// Threads  One thread. It sleeps: never use it on an RPC thread.
class Pacer {
 public:
  // `watch` outlives the pacer. `total` bytes will be read.
  Pacer(const WorkWatch& watch, int64_t total);

  // Call after each piece of about a megabyte. Sleeps while more than
  // watch.bytes_per_second have been read since the beginning.
  //
  // Errors   CANCELLED  watch.cancelled says so.
  absl::Status Advance(int64_t bytes);

 private:
  const WorkWatch& watch_;
  const int64_t total_;
  const absl::Time start_;
  int64_t done_ = 0;
  absl::Time next_report_;
};

}  // namespace emb

#endif  // EMB_STORAGE_PACER_H_
