#include "server/metrics/process_metrics.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <system_error>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"

namespace emb {
namespace {

std::string ContentOf(const char* path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

void WriteCpuSeconds(MetricsText& text) {
  rusage usage = {};
  if (getrusage(RUSAGE_SELF, &usage) != 0) return;
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) +
           static_cast<double>(time.tv_usec) / 1e6;
  };
  text.Begin("process_cpu_seconds_total", "counter",
             "CPU time of user and system.");
  text.Sample({}, seconds(usage.ru_utime) + seconds(usage.ru_stime));
}

void WriteResidentMemory(MetricsText& text) {
  // Pages in all, then those that are resident.
  const std::string statm = ContentOf("/proc/self/statm");
  const std::vector<absl::string_view> fields = absl::StrSplit(statm, ' ');
  int64_t pages = 0;
  if (fields.size() < 2 || !absl::SimpleAtoi(fields[1], &pages)) return;
  text.Gauge("process_resident_memory_bytes", "Resident memory.",
             static_cast<double>(pages * sysconf(_SC_PAGESIZE)));
}

void WriteDescriptors(MetricsText& text) {
  std::error_code error;
  const std::filesystem::directory_iterator files("/proc/self/fd", error);
  if (!error) {
    const auto count = std::distance(begin(files), end(files));
    text.Gauge("process_open_fds", "Open file descriptors.",
               static_cast<double>(count));
  }
  rlimit limit = {};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  text.Gauge("process_max_fds", "The most that may be open.",
             static_cast<double>(limit.rlim_cur));
}

// Seconds since the epoch; the kernel says when by the ticks since its start.
void WriteStartTime(MetricsText& text) {
  const std::string self = ContentOf("/proc/self/stat");
  // The name, in parentheses, may hold anything; the fields follow it.
  const size_t name_end = self.rfind(')');
  if (name_end == std::string::npos) return;
  const std::vector<std::string> fields =
      absl::StrSplit(self.substr(name_end + 1), ' ', absl::SkipEmpty());
  constexpr size_t kStartTime = 19;  // Field 22 of the whole line.
  const std::string stat = ContentOf("/proc/stat");
  const size_t boot = stat.find("btime ");
  double ticks = 0;
  int64_t booted_at = 0;
  if (fields.size() <= kStartTime || boot == std::string::npos ||
      !absl::SimpleAtod(fields[kStartTime], &ticks) ||
      !absl::SimpleAtoi(stat.substr(boot + 6, stat.find('\n', boot) - boot - 6),
                        &booted_at)) {
    return;
  }
  text.Gauge("process_start_time_seconds", "When it was started, since 1970.",
             static_cast<double>(booted_at) +
                 ticks / static_cast<double>(sysconf(_SC_CLK_TCK)));
}

}  // namespace

void WriteProcessMetrics(MetricsText& text) {
  WriteCpuSeconds(text);
  WriteResidentMemory(text);
  WriteDescriptors(text);
  WriteStartTime(text);
}

}  // namespace emb
