#include "bench/peers/process.h"

#include <sys/resource.h>
#include <unistd.h>

#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace emb::bench {
namespace {

double Seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) +
         static_cast<double>(time.tv_usec) * 1e-6;
}

absl::Status NotThere(const std::string& path) {
  return absl::NotFoundError(
      absl::StrCat(path, ": no figures, does it still run?"));
}

}  // namespace

absl::StatusOr<double> CpuSecondsOf(int pid) {
  // proc(5): utime and stime are fields 14 and 15; the second, the name in
  // parentheses, may hold anything, so fields are counted from behind it.
  constexpr size_t kUserTime = 14 - 3;
  constexpr size_t kSystemTime = 15 - 3;
  const std::string path = absl::StrCat("/proc/", pid, "/stat");
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  const size_t name_end = line.rfind(") ");
  if (name_end == std::string::npos) return NotThere(path);
  const std::vector<std::string> fields =
      absl::StrSplit(line.substr(name_end + 2), ' ');
  int64_t user = 0;
  int64_t system = 0;
  if (fields.size() <= kSystemTime ||
      !absl::SimpleAtoi(fields[kUserTime], &user) ||
      !absl::SimpleAtoi(fields[kSystemTime], &system)) {
    return NotThere(path);
  }
  return static_cast<double>(user + system) /
         static_cast<double>(sysconf(_SC_CLK_TCK));
}

double OwnCpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return Seconds(usage.ru_utime) + Seconds(usage.ru_stime);
}

absl::StatusOr<int64_t> ResidentBytesOf(int pid) {
  // proc(5): sizes in pages; the second is what is resident.
  const std::string path = absl::StrCat("/proc/", pid, "/statm");
  std::ifstream file(path);
  int64_t size = 0;
  int64_t resident = 0;
  if (!(file >> size >> resident)) return NotThere(path);
  return resident * sysconf(_SC_PAGESIZE);
}

}  // namespace emb::bench
