#include "bench/peers/measure.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <string>
#include <thread>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"

namespace emb::bench {
namespace {

// Every contender's slice of one round asks the same.
struct Slice {
  absl::Duration duration;
  int64_t first_request = 0;
};

// Sums over the rounds: the kernel counts a process in steps of 10 ms.
struct Totals {
  int64_t num_rows = 0;
  double server_cpu_seconds = 0;
  double client_cpu_seconds = 0;
};

// User and system time of a process, its ended threads included.
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
  int64_t user = 0;
  int64_t system = 0;
  if (name_end != std::string::npos) {
    const std::vector<std::string> fields =
        absl::StrSplit(line.substr(name_end + 2), ' ');
    if (fields.size() > kSystemTime &&
        absl::SimpleAtoi(fields[kUserTime], &user) &&
        absl::SimpleAtoi(fields[kSystemTime], &system)) {
      return static_cast<double>(user + system) /
             static_cast<double>(sysconf(_SC_CLK_TCK));
    }
  }
  return absl::NotFoundError(absl::StrCat(path, ": no times, is it running?"));
}

double Seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) +
         static_cast<double>(time.tv_usec) * 1e-6;
}

double OwnCpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return Seconds(usage.ru_utime) + Seconds(usage.ru_stime);
}

// The answers of all connections, one thread for each.
absl::StatusOr<int64_t> RunConnections(const Cell& cell,
                                       const Workload& workload,
                                       const Slice& slice,
                                       const Contender& contender) {
  // Connections begin far apart in the workload: none warms the cache for
  // another.
  constexpr int64_t kRequestsApart = 4'001;
  const absl::Time end = absl::Now() + slice.duration;
  std::vector<absl::StatusOr<int64_t>> counts(
      static_cast<size_t>(cell.num_connections));
  std::vector<std::thread> threads;
  threads.reserve(counts.size());
  for (int i = 0; i < cell.num_connections; ++i) {
    threads.emplace_back([&, i] {
      counts[i] = contender.connections[i]->Run(
          workload, {.first_request = slice.first_request + i * kRequestsApart,
                     .depth = cell.depth,
                     .end = end});
    });
  }
  for (std::thread& thread : threads) thread.join();
  int64_t num_answered = 0;
  for (const absl::StatusOr<int64_t>& count : counts) {
    if (!count.ok()) return count.status();
    num_answered += *count;
  }
  return num_answered;
}

// One slice of one contender: rows per second.
absl::StatusOr<double> RunSlice(const Cell& cell, const Workload& workload,
                                const Slice& slice, const Contender& contender,
                                Totals& totals) {
  const auto server_before = CpuSecondsOf(contender.server_pid);
  if (!server_before.ok()) return server_before.status();
  const double client_before = OwnCpuSeconds();
  const absl::Time start = absl::Now();
  const auto num_answered = RunConnections(cell, workload, slice, contender);
  if (!num_answered.ok()) return num_answered.status();
  const absl::Duration elapsed = absl::Now() - start;
  const auto server_after = CpuSecondsOf(contender.server_pid);
  if (!server_after.ok()) return server_after.status();
  const int64_t num_rows = *num_answered * cell.ids_per_request;
  totals.num_rows += num_rows;
  totals.server_cpu_seconds += *server_after - *server_before;
  totals.client_cpu_seconds += OwnCpuSeconds() - client_before;
  return static_cast<double>(num_rows) / absl::ToDoubleSeconds(elapsed);
}

// The first answer on every connection that the cell will use.
absl::Status CheckAnswers(const Cell& cell, const Workload& workload,
                          absl::Span<const Contender> contenders) {
  std::vector<std::byte> expected;
  for (const Contender& contender : contenders) {
    for (int i = 0; i < cell.num_connections; ++i) {
      const auto rows = contender.connections[i]->Lookup(workload.request(0));
      if (!rows.ok()) return rows.status();
      if (expected.empty()) expected = *rows;
      if (*rows != expected) {
        return absl::DataLossError(
            absl::StrCat("the rows of ", contender.peer->name(), " and ",
                         contenders[0].peer->name(), " differ"));
      }
    }
  }
  return absl::OkStatus();
}

}  // namespace

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const size_t middle = values.size() / 2;
  if (values.size() % 2 == 1) return values[middle];
  return (values[middle - 1] + values[middle]) / 2;
}

absl::StatusOr<std::vector<Figures>> Measure(
    const Cell& cell, const Pace& pace,
    absl::Span<const Contender> contenders) {
  const Workload workload(cell.ids_per_request);
  const absl::Status status = CheckAnswers(cell, workload, contenders);
  if (!status.ok()) return status;
  std::vector<Figures> figures(contenders.size());
  std::vector<Totals> totals(contenders.size());
  for (int round = 0; round < pace.num_rounds; ++round) {
    // Not the rows of the round before, which a cache may still hold.
    constexpr int64_t kRequestsPerRound = 1'009;
    const Slice slice = {.duration = pace.slice,
                         .first_request = round * kRequestsPerRound};
    for (size_t turn = 0; turn < contenders.size(); ++turn) {
      const size_t i = (round + turn) % contenders.size();
      const auto rows_per_second =
          RunSlice(cell, workload, slice, contenders[i], totals[i]);
      if (!rows_per_second.ok()) return rows_per_second.status();
      figures[i].rows_per_second.push_back(*rows_per_second);
    }
  }
  for (size_t i = 0; i < contenders.size(); ++i) {
    const double millions = static_cast<double>(totals[i].num_rows) / 1e6;
    figures[i].server_cpu_per_million_rows =
        totals[i].server_cpu_seconds / millions;
    figures[i].client_cpu_per_million_rows =
        totals[i].client_cpu_seconds / millions;
  }
  return figures;
}

}  // namespace emb::bench
