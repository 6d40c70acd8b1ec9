// embctl bench.
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "CLI/App.hpp"
#include "CLI/Config.hpp"
#include "CLI/Formatter.hpp"
#include "client/cli/bench/bench_flags.h"
#include "client/cli/bench/bench_report.h"
#include "client/cli/bench/bench_requests.h"
#include "client/cli/bench/bench_run.h"
#include "client/cli/commands.h"
#include "client/cli/interrupt_guard.h"
#include "client/cli/output.h"
#include "core/status_macros.h"
#include "emb/keep_freed_memory.h"
#include "nlohmann/json.hpp"

namespace emb {
namespace {

constexpr char kFooter[] =
    "A closed loop asks again when it has its answer: it shows what so many\n"
    "callers get. When the server stalls it stops asking, so the stall counts\n"
    "as one slow request, although everybody who came meanwhile would have\n"
    "waited (\"coordinated omission\"). With --rate the loop is open: "
    "requests\n"
    "are due at even distances, answered or not, and a latency counts from "
    "the\n"
    "time that its request was due. Latencies that users would see are those "
    "of\n"
    "an open loop, at a rate that is kept; the report says if it was not.\n"
    "\n"
    "Latencies are those of answered requests, within 1 %. Ids are drawn "
    "before\n"
    "the run, a million of them, and asked for again and again. Ctrl-C ends a\n"
    "run early and prints what there is; the exit status is that of the last\n"
    "error if nothing was answered.\n"
    "\n"
    "Examples:\n"
    "  embctl bench item --ids 64 --connections 4\n"
    "  embctl bench item --stream --depth 2 --distribution zipf\n"
    "  embctl bench item --rate 2000 --duration 1m --json\n"
    "  embctl bench item --tables user,genre --ids 320 --pool mean --bag 32\n";

absl::StatusOr<std::vector<Client>> ConnectAll(const BenchOptions& options,
                                               const Session& session) {
  ClientOptions client_options = session.client_options;
  client_options.channels = 1;
  std::vector<Client> clients;
  for (int64_t i = 0; i < options.num_connections; ++i) {
    EMB_ASSIGN_OR_RETURN(Client client, session.connect(client_options));
    clients.push_back(std::move(client));
  }
  return clients;
}

absl::StatusOr<std::vector<LookupRequest>> RequestsFor(
    const BenchOptions& options, const Client& client,
    const CallOptions& call) {
  std::vector<int64_t> table_rows;
  for (const std::string& name : options.tables) {
    EMB_ASSIGN_OR_RETURN(const TableInfo table, client.GetTable(name, call));
    table_rows.push_back(table.options.num_rows);
  }
  EMB_RETURN_IF_ERROR(CheckIds(options, table_rows));
  return MakeBenchRequests(options, table_rows);
}

BenchResult RunWithProgress(const BenchLoad& load, Session& session) {
  const auto show = [&](absl::Duration now, const BenchTally& so_far) {
    if (!session.err_is_terminal) return;
    session.err << "\r" << DescribeBenchProgress(load.options, now, so_far)
                << "\033[K" << std::flush;
  };
  BenchResult result = RunBench(load, InterruptGuard::interrupted(), show);
  if (session.err_is_terminal) session.err << "\r\033[K" << std::flush;
  return result;
}

absl::Status Bench(const BenchFlags& flags, Session& session) {
  EMB_ASSIGN_OR_RETURN(const BenchOptions options, BenchOptionsOf(flags));
  if (options.keep_freed_memory) EMB_RETURN_IF_ERROR(KeepFreedMemory());
  const InterruptGuard guard;
  EMB_ASSIGN_OR_RETURN(const std::vector<Client> clients,
                       ConnectAll(options, session));
  EMB_ASSIGN_OR_RETURN(const std::vector<LookupRequest> requests,
                       RequestsFor(options, clients.front(), session.call));
  const BenchResult result = RunWithProgress({.options = options,
                                              .clients = clients,
                                              .call = session.call,
                                              .requests = requests},
                                             session);
  session.out << (session.json
                      ? JsonLine(BenchJson(options, session.call, result))
                      : DescribeBench(options, result));
  if (result.tally.answered > 0) return absl::OkStatus();
  return result.tally.last_error;
}

}  // namespace

void AddBenchCommand(CLI::App& app, Session& session) {
  CLI::App* const command = app.add_subcommand(
      "bench",
      "Asks a running server for rows as fast as it answers, or at a "
      "rate");
  const auto flags = std::make_shared<BenchFlags>();
  AddBenchFlags(*command, *flags);
  command->footer(kFooter);
  command->callback([flags, &session] {
    session.action = [flags, &session] { return Bench(*flags, session); };
  });
}

}  // namespace emb
