// How much memory there is.
#ifndef EMB_SERVER_MACHINE_MEMORY_H_
#define EMB_SERVER_MACHINE_MEMORY_H_

#include <cstdint>

namespace emb {

// The smaller of this machine's memory and this process's cgroup limit
// (version 1 or 2), in bytes.
int64_t MachineMemoryBytes();

}  // namespace emb

#endif  // EMB_SERVER_MACHINE_MEMORY_H_
