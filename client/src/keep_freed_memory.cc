#include "emb/keep_freed_memory.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace emb {

absl::Status KeepFreedMemory() {
#ifdef __GLIBC__
  constexpr int kTrimThresholdBytes = 128 << 20;
  // The most that malloc takes. Setting either also ends its own adjustments.
  constexpr int kMmapThresholdBytes = 32 << 20;
  if (mallopt(M_TRIM_THRESHOLD, kTrimThresholdBytes) == 1 &&
      mallopt(M_MMAP_THRESHOLD, kMmapThresholdBytes) == 1) {
    return absl::OkStatus();
  }
#endif
  return absl::UnimplementedError(
      "malloc: takes no thresholds, want that of glibc");
}

}  // namespace emb
