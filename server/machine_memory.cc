#include "server/machine_memory.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>

namespace emb {
namespace {

// In a container these are the files of its own cgroup. "max", the word for
// no limit, is no number and so counts as none.
constexpr const char* kCgroupFiles[] = {
    "/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"};

}  // namespace

int64_t MachineMemoryBytes() {
  int64_t bytes =
      static_cast<int64_t>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGE_SIZE);
  for (const char* const file : kCgroupFiles) {
    int64_t limit = 0;
    if (std::ifstream(file) >> limit && limit > 0) {
      bytes = std::min(bytes, limit);
    }
  }
  return bytes;
}

}  // namespace emb
