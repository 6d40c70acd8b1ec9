// How much memory there is.
#ifndef EMB_SERVER_MACHINE_MEMORY_H_
#define EMB_SERVER_MACHINE_MEMORY_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace emb {

// The smaller of this machine's memory and this process's cgroup limits
// (version 1 or 2), in bytes.
int64_t MachineMemoryBytes();

// The smallest memory limit of the cgroups that a process is in, and of those
// above them; INT64_MAX: there is none. `membership` is the content of its
// /proc/PID/cgroup, `root` where cgroups are mounted: in a container that is
// its own cgroup, whatever the membership says.
int64_t CgroupMemoryLimit(absl::string_view membership,
                          const std::string& root);

}  // namespace emb

#endif  // EMB_SERVER_MACHINE_MEMORY_H_
