// Status codes as indices, for what is counted by them.
#ifndef EMB_SERVER_METRICS_STATUS_CODES_H_
#define EMB_SERVER_METRICS_STATUS_CODES_H_

#include <cstddef>

#include "absl/status/status.h"

namespace emb {

inline constexpr size_t kNumStatusCodes = 17;  // OK to UNAUTHENTICATED.

// Below kNumStatusCodes whatever a caller has made of a number.
inline size_t IndexOf(absl::StatusCode code) {
  return static_cast<size_t>(code) % kNumStatusCodes;
}

}  // namespace emb

#endif  // EMB_SERVER_METRICS_STATUS_CODES_H_
