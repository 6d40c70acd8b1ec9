// What the kernel counts of a process.
#ifndef EMB_BENCH_PEERS_PROCESS_H_
#define EMB_BENCH_PEERS_PROCESS_H_

#include <cstdint>

#include "absl/status/statusor.h"

namespace emb::bench {

// User and system time of a process, its ended threads included, in steps of
// 10 ms. NOT_FOUND: there is none.
absl::StatusOr<double> CpuSecondsOf(int pid);

// The same of this process, to the microsecond.
double OwnCpuSeconds();

// Memory of a process that is in RAM, files mapped included. NOT_FOUND: there
// is no such process.
absl::StatusOr<int64_t> ResidentBytesOf(int pid);

}  // namespace emb::bench

#endif  // EMB_BENCH_PEERS_PROCESS_H_
