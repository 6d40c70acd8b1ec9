#include "bench/peers/goals.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace emb::bench {
namespace {

constexpr auto kAtLeast = Goal::Bound::kAtLeast;
constexpr auto kAtMost = Goal::Bound::kAtMost;

// "1,024 x 4 stream 2": 1,024 ids in a lookup, four connections, two lookups
// in flight on each.
constexpr Goal kGoals[] = {
    {"1,024 x 1 unary / redis", "rows/s 1024 x 1 unary 1",
     "rows/s 1024 x 1 redis 1", kAtLeast, 6},
    {"1,024 x 1 unary / tcp", "rows/s 1024 x 1 unary 1",
     "rows/s 1024 x 1 tcp 1", kAtLeast, 0.6},
    {"1,024 x 1 stream 2 / redis 1", "rows/s 1024 x 1 stream 2",
     "rows/s 1024 x 1 redis 1", kAtLeast, 12},
    {"1,024 x 1 stream 2 / tcp 1", "rows/s 1024 x 1 stream 2",
     "rows/s 1024 x 1 tcp 1", kAtLeast, 1.2},
    {"8,192 x 1 unary / redis", "rows/s 8192 x 1 unary 1",
     "rows/s 8192 x 1 redis 1", kAtLeast, 10},
    {"8,192 x 1 unary / tcp", "rows/s 8192 x 1 unary 1",
     "rows/s 8192 x 1 tcp 1", kAtLeast, 0.9},
    {"8,192 x 1 stream 2 / redis 1", "rows/s 8192 x 1 stream 2",
     "rows/s 8192 x 1 redis 1", kAtLeast, 14},
    {"8,192 x 1 stream 2 / tcp 1", "rows/s 8192 x 1 stream 2",
     "rows/s 8192 x 1 tcp 1", kAtLeast, 1.3},
    {"64 x 1 stream 4 / redis 4", "rows/s 64 x 1 stream 4",
     "rows/s 64 x 1 redis 4", kAtLeast, 12},
    {"64 x 1 stream 4 / tcp 4", "rows/s 64 x 1 stream 4", "rows/s 64 x 1 tcp 4",
     kAtLeast, 1},
    // Asked in both ways: the goal is for either.
    {"1,024 x 4 unary / redis", "rows/s 1024 x 4 unary 1",
     "rows/s 1024 x 4 redis 1", kAtLeast, 12},
    {"1,024 x 4 unary / tcp", "rows/s 1024 x 4 unary 1",
     "rows/s 1024 x 4 tcp 1", kAtLeast, 0.4},
    {"1,024 x 4 stream 2 / redis 1", "rows/s 1024 x 4 stream 2",
     "rows/s 1024 x 4 redis 1", kAtLeast, 12},
    {"1,024 x 4 stream 2 / tcp 1", "rows/s 1024 x 4 stream 2",
     "rows/s 1024 x 4 tcp 1", kAtLeast, 0.4},
    {"CPU, 1,024 x 1 stream 2 / redis", "server CPU 1024 x 1 stream 2",
     "server CPU 1024 x 1 redis 1", kAtMost, 1.0 / 12},
    {"CPU, 1,024 x 1 stream 2 / tcp", "server CPU 1024 x 1 stream 2",
     "server CPU 1024 x 1 tcp 1", kAtMost, 1.2},
    {"p50 of 64 unary / gRPC echo", "p50 unary", "p50 echo", kAtMost, 1.1},
    // The goal names no number of bags: a small batch and a large one.
    {"32 bags of 32 / caller adds up", "bags/s 32 server", "bags/s 32 caller",
     kAtLeast, 8},
    {"256 bags of 32 / caller adds up", "bags/s 256 server",
     "bags/s 256 caller", kAtLeast, 8},
    {"gather, ns/row / torch", "gather ns/row", "gather ns/row torch", kAtMost,
     0.7},
    {"bag of 32, ns/row / torch", "bag ns/row", "bag ns/row torch", kAtMost,
     0.5},
    {"memory / (1.05 raw + 256 MiB)", "memory bytes", "memory bytes allowed",
     kAtMost, 1},
    {"  of a table loaded from disk", "loaded bytes", "loaded bytes allowed",
     kAtMost, 1},
    {"restart, cold: bytes/s / dd", "restart cold bytes/s", "dd cold bytes/s",
     kAtLeast, 0.8},
    {"restart, warm: s/GiB", "restart warm s/GiB", "", kAtMost, 0.8},
};

std::string LeftOut(const std::map<std::string, std::string>& left_out,
                    const Goal& goal) {
  for (const absl::string_view name : {goal.ours, goal.theirs}) {
    const auto found = left_out.find(std::string(name));
    if (found != left_out.end()) return found->second;
  }
  return "";
}

absl::StatusOr<Series> ValuesOf(const NamedSeries& all, const Goal& goal) {
  const auto ours = all.find(std::string(goal.ours));
  const auto theirs = all.find(std::string(goal.theirs));
  const bool is_ratio = !goal.theirs.empty();
  if (ours == all.end() || (is_ratio && theirs == all.end())) {
    return absl::NotFoundError(absl::StrCat(goal.what, ": \"", goal.ours,
                                            "\" or \"", goal.theirs,
                                            "\" was not measured"));
  }
  if (!is_ratio) return ours->second;
  if (ours->second.size() != theirs->second.size()) {
    return absl::NotFoundError(absl::StrCat(goal.what, ": rounds are missing"));
  }
  return Ratios(ours->second, theirs->second);
}

}  // namespace

absl::Span<const Goal> Goals() { return kGoals; }

absl::StatusOr<std::vector<Verdict>> Judge(
    const NamedSeries& all,
    const std::map<std::string, std::string>& left_out) {
  std::vector<Verdict> verdicts;
  for (const Goal& goal : Goals()) {
    Verdict verdict;
    verdict.goal = goal;
    verdict.left_out = LeftOut(left_out, goal);
    if (verdict.left_out.empty()) {
      auto values = ValuesOf(all, goal);
      if (!values.ok()) return values.status();
      verdict.values = *std::move(values);
      verdict.measured = Median(verdict.values);
      const double above = verdict.measured / goal.value - 1;
      verdict.missed_by = goal.bound == kAtLeast ? -above : above;
    }
    verdicts.push_back(std::move(verdict));
  }
  return verdicts;
}

std::string VerdictTable(absl::Span<const Verdict> verdicts) {
  std::string table = absl::StrFormat("%-32s%10s%8s%8s%7s %s\n", "what", "goal",
                                      "median", "min", "max", "verdict");
  for (const Verdict& verdict : verdicts) {
    const Goal& goal = verdict.goal;
    absl::StrAppendFormat(&table, "%-32s %2s%7.3g", goal.what,
                          goal.bound == kAtLeast ? ">=" : "<=", goal.value);
    if (!verdict.left_out.empty()) {
      absl::StrAppend(&table, " left out: ", verdict.left_out, "\n");
      continue;
    }
    const auto [min, max] =
        std::minmax_element(verdict.values.begin(), verdict.values.end());
    absl::StrAppendFormat(&table, "%8.3g%8.3g%7.3g ", verdict.measured, *min,
                          *max);
    if (verdict.missed_by > 0) {
      absl::StrAppendFormat(&table, "missed by %.0f %%\n",
                            verdict.missed_by * 100);
    } else {
      absl::StrAppend(&table, "met\n");
    }
  }
  return table;
}

}  // namespace emb::bench
