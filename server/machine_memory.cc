#include "server/machine_memory.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <vector>

#include "absl/strings/str_split.h"

namespace emb {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kNoLimit = std::numeric_limits<int64_t>::max();

// "max", the word for no limit, is no number and so counts as none.
int64_t LimitIn(const fs::path& file) {
  int64_t limit = 0;
  return std::ifstream(file) >> limit && limit > 0 ? limit : kNoLimit;
}

// Of the directory at `path` below `mount` and all above it but `mount`.
int64_t SmallestLimit(const fs::path& mount, fs::path path, const char* file) {
  int64_t smallest = kNoLimit;
  while (!path.empty()) {
    smallest = std::min(smallest, LimitIn(mount / path / file));
    path = path.parent_path();
  }
  return smallest;
}

}  // namespace

int64_t CgroupMemoryLimit(absl::string_view membership,
                          const std::string& root) {
  // In a container its own, whatever the membership says.
  int64_t smallest = std::min(LimitIn(root + "/memory.max"),
                              LimitIn(root + "/memory/memory.limit_in_bytes"));
  // "ID:CONTROLLERS:/PATH"; of version 2 "0::/PATH".
  for (const absl::string_view line : absl::StrSplit(membership, '\n')) {
    const std::vector<std::string> fields =
        absl::StrSplit(line, absl::MaxSplits(':', 2));
    if (fields.size() != 3) continue;
    const std::vector<std::string> controllers =
        absl::StrSplit(fields[1], ',', absl::SkipEmpty());
    const fs::path path = fs::path(fields[2]).relative_path();
    if (controllers.empty()) {
      smallest = std::min(smallest, SmallestLimit(root, path, "memory.max"));
    } else if (std::count(controllers.begin(), controllers.end(), "memory")) {
      smallest = std::min(smallest, SmallestLimit(root + "/memory", path,
                                                  "memory.limit_in_bytes"));
    }
  }
  return smallest;
}

int64_t MachineMemoryBytes() {
  const int64_t bytes =
      static_cast<int64_t>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGE_SIZE);
  std::ifstream file("/proc/self/cgroup");
  const std::string membership{std::istreambuf_iterator<char>(file), {}};
  return std::min(bytes, CgroupMemoryLimit(membership, "/sys/fs/cgroup"));
}

}  // namespace emb
