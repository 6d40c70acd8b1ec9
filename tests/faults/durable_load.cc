// Changes of every kind by several callers at a time, and the oracle of what
// must be there once a server that was killed is back: this program outlives
// it, so what was acknowledged is remembered outside of it.
//
//   durable_load SEED [--count-failed | --publish-one-by-one]
//
// The flags are controls, which must be noticed: failed changes count as
// acknowledged; tables that are to be published together are so in turn.
//
// Commands come by the standard input, one a line, and are answered by a line
// of JSON each. SERVER and ADMIN are the addresses of a server:
//
//   run SERVER ADMIN      makes changes until calls fail; answers when one was
//                         acknowledged, or calls fail
//   await-backup          the same for a backup
//   wait                  answers when calls have failed: what was acknowledged
//   check SERVER ADMIN    compares the server that is back with the oracle
//   check-backup SERVER ADMIN
//                         the same for one that the newest backup was restored
//                         into, with what there was while it was made
//
// Ends with the input.
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"
#include "tests/faults/durable_backups.h"
#include "tests/faults/durable_tally.h"
#include "tests/faults/durable_writer.h"

namespace emb {
namespace {

using nlohmann::json;

constexpr int64_t kWriters = 6;
constexpr int64_t kTablesEach = 2;
// No answer depends on how fast a machine is.
constexpr absl::Duration kTimeout = absl::Minutes(10);

absl::StatusOr<Client> Connect(const std::string& server,
                               const std::string& admin) {
  ClientOptions options;
  options.server = server;
  options.admin = admin;
  // A second try would hide what became of the first.
  options.retry = false;
  options.lookup_timeout = kTimeout;
  options.admin_timeout = kTimeout;
  return Client::Connect(options);
}

Writer::Options OptionsOf(int64_t writer, uint64_t seed,
                          const std::string& control) {
  Writer::Options options;
  for (int64_t i = 0; i < kTablesEach; ++i) {
    options.changes.tables.push_back(writer * kTablesEach + i);
  }
  options.changes.seed = seed + static_cast<uint64_t>(writer);
  options.changes.first = writer + 1;
  options.changes.step = kWriters;
  options.changes.publish_one_by_one = control == "--publish-one-by-one";
  options.count_failed = control == "--count-failed";
  return options;
}

// All callers, and what they know.
//
// Threads  One thread.
class Load {
 public:
  Load(uint64_t seed, const std::string& control) {
    std::vector<Ledger*> ledgers;
    for (int64_t i = 0; i < kWriters; ++i) {
      writers_.push_back(
          std::make_unique<Writer>(OptionsOf(i, seed, control), tally_));
      ledgers.push_back(&writers_.back()->ledger());
    }
    backups_ = std::make_unique<Backups>(ledgers, tally_);
  }

  json Run(const Client& client) {
    tally_.ExpectNoFailure();
    for (const auto& writer : writers_) writer->Start(client);
    backups_->Start(client);
    tally_.AwaitMore("", 1);
    return json::object();
  }

  json AwaitBackup() {
    tally_.AwaitMore(Backups::kKind, 1);
    return json::object();
  }

  json Wait() {
    for (const auto& writer : writers_) writer->Join();
    backups_->Join();
    return {{"acknowledged", tally_.acknowledged()},
            {"refused", tally_.refused()}};
  }

  json Check(const Client& client) {
    json lost = json::array();
    int64_t num_done = 0;
    int64_t num_not_done = 0;
    for (const auto& writer : writers_) {
      const auto in_flight = writer->Settle(client);
      if (!in_flight.ok()) lost.push_back(in_flight.status().ToString());
      if (!in_flight.ok()) continue;
      num_done += *in_flight == Ledger::InFlight::kDone;
      num_not_done += *in_flight == Ledger::InFlight::kNotDone;
    }
    const absl::Status backups = backups_->Check(client);
    if (!backups.ok()) lost.push_back(backups.ToString());
    return {{"lost", lost},
            {"done", num_done},
            {"not_done", num_not_done},
            {"backup", backups_->newest()}};
  }

  json CheckBackup(const Client& client) {
    const absl::Status restored = backups_->CheckRestored(client);
    json lost = json::array();
    if (!restored.ok()) lost.push_back(restored.ToString());
    return {{"lost", lost}};
  }

 private:
  Tally tally_;
  std::vector<std::unique_ptr<Writer>> writers_;
  std::unique_ptr<Backups> backups_;
};

// Answers one command.
json Obey(const std::string& line, Load& load) {
  std::istringstream words(line);
  std::string command;
  std::string server;
  std::string admin;
  words >> command >> server >> admin;
  if (command == "await-backup") return load.AwaitBackup();
  if (command == "wait") return load.Wait();
  const auto client = Connect(server, admin);
  if (!client.ok()) return {{"error", client.status().ToString()}};
  if (command == "run") return load.Run(*client);
  if (command == "check") return load.Check(*client);
  if (command == "check-backup") return load.CheckBackup(*client);
  return {{"error", absl::StrCat("no such command: ", line)}};
}

int Run(uint64_t seed, const std::string& control) {
  Load load(seed, control);
  for (std::string line; std::getline(std::cin, line);) {
    std::cout << Obey(line, load) << std::endl;
  }
  return EXIT_SUCCESS;
}

}  // namespace
}  // namespace emb

int main(int argc, char** argv) {
  const std::string control = argc > 2 ? argv[2] : "";
  const bool known = control.empty() || control == "--count-failed" ||
                     control == "--publish-one-by-one";
  if (argc < 2 || argc > 3 || !known) {
    std::cerr << "usage: durable_load SEED [--count-failed | "
                 "--publish-one-by-one]\n";
    return 2;
  }
  return emb::Run(std::strtoull(argv[1], nullptr, 10), control);
}
