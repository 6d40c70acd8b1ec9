// How fast a running server takes row updates: callers that each replace random
// rows, one request at a time.
//
//   build/release/bin/update_bench --table=item --callers=8 --rows=1000
//
// against the server of EMB_SERVER and EMB_ADMIN. Beside lookups of embctl
// bench it shows what updates cost those.
#include <algorithm>
#include <cstdio>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/flags/usage.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "emb/client.h"

ABSL_FLAG(std::string, table, "", "The table whose rows are replaced.");
ABSL_FLAG(int, callers, 1, "Callers at a time.");
ABSL_FLAG(int64_t, rows, 1'000, "Random rows of each request.");
ABSL_FLAG(double, rate, 0,
          "Requests a second of all callers; 0: as fast as they are answered.");
ABSL_FLAG(absl::Duration, duration, absl::Seconds(5), "How long.");

namespace {

struct Caller {
  std::vector<double> micros;
  std::string error;
};

// Replaces rows, all of the same values, until the time is over.
void Call(const emb::Client& client, const emb::TableInfo& table, int number,
          Caller& caller) {
  std::mt19937_64 random(static_cast<uint64_t>(number));
  std::uniform_int_distribution<int64_t> id(0, table.options.num_rows - 1);
  emb::RowValues rows;
  rows.table = table.options.name;
  rows.ids.resize(static_cast<size_t>(absl::GetFlag(FLAGS_rows)));
  rows.values.assign(rows.ids.size() * static_cast<size_t>(table.options.dim),
                     0.5F);
  const double rate = absl::GetFlag(FLAGS_rate);
  const absl::Time end = absl::Now() + absl::GetFlag(FLAGS_duration);
  for (absl::Time due = absl::Now(); due < end;) {
    for (int64_t& row : rows.ids) row = id(random);
    absl::SleepFor(due - absl::Now());
    const auto outcome = client.UpsertRows({rows});
    if (!outcome.ok()) {
      caller.error = outcome.status().ToString();
      return;
    }
    caller.micros.push_back(absl::ToDoubleMicroseconds(absl::Now() - due));
    due = rate == 0 ? absl::Now()
                    : due + absl::Seconds(absl::GetFlag(FLAGS_callers) / rate);
  }
}

int Report(const std::vector<Caller>& callers) {
  std::vector<double> micros;
  for (const Caller& caller : callers) {
    if (!caller.error.empty()) {
      std::fprintf(stderr, "%s\n", caller.error.c_str());
      return 1;
    }
    micros.insert(micros.end(), caller.micros.begin(), caller.micros.end());
  }
  if (micros.empty()) return 1;
  std::sort(micros.begin(), micros.end());
  const auto at = [&](double quantile) {
    return micros[static_cast<size_t>(quantile *
                                      static_cast<double>(micros.size() - 1))];
  };
  const double requests = static_cast<double>(micros.size()) /
                          absl::ToDoubleSeconds(absl::GetFlag(FLAGS_duration));
  std::printf(
      "%zu callers: %.0f requests/s, %.0f rows/s, p50 %.0f us, "
      "p99 %.0f us\n",
      callers.size(), requests,
      requests * static_cast<double>(absl::GetFlag(FLAGS_rows)), at(0.5),
      at(0.99));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  absl::SetProgramUsageMessage("measures row updates of a running server");
  absl::ParseCommandLine(argc, argv);
  const auto client = emb::Client::Connect({});
  if (!client.ok()) {
    std::fprintf(stderr, "%s\n", client.status().ToString().c_str());
    return 1;
  }
  const auto table = client->GetTable(absl::GetFlag(FLAGS_table));
  if (!table.ok()) {
    std::fprintf(stderr, "%s\n", table.status().ToString().c_str());
    return 1;
  }
  std::vector<Caller> callers(
      static_cast<size_t>(std::max(1, absl::GetFlag(FLAGS_callers))));
  std::vector<std::thread> threads;
  threads.reserve(callers.size());
  for (size_t i = 0; i < callers.size(); ++i) {
    threads.emplace_back(
        [&, i] { Call(*client, *table, static_cast<int>(i), callers[i]); });
  }
  for (std::thread& thread : threads) thread.join();
  return Report(callers);
}
