// embctl backup, restore and verify.
#include <memory>
#include <string>
#include <vector>

#include "CLI/App.hpp"
#include "CLI/Config.hpp"
#include "CLI/Formatter.hpp"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "client/cli/commands.h"
#include "client/cli/elapsed_line.h"
#include "client/cli/number_check.h"
#include "client/cli/output.h"
#include "client/cli/text.h"
#include "core/status_macros.h"
#include "nlohmann/json.hpp"

namespace emb {
namespace {

// Nobody waits for a verification, and lookups, imports and updates want the
// disk meanwhile.
constexpr int64_t kVerifyBytesPerSecond = int64_t{64} << 20;

// Gigabytes take minutes: these wait as long as it takes, unless told.
CallOptions PatientCall(const Session& session) {
  CallOptions call = session.call;
  if (!call.timeout.has_value()) call.timeout = absl::Hours(24);
  return call;
}

// Shown on a terminal while the server is at work.
std::unique_ptr<ElapsedLine> ShowElapsed(const std::string& title,
                                         Session& session) {
  if (!session.err_is_terminal) return nullptr;
  return std::make_unique<ElapsedLine>(title, session.patience, session.err);
}

nlohmann::ordered_json BackupJson(const BackupInfo& backup) {
  nlohmann::ordered_json json;
  json["id"] = backup.id;
  json["created_at"] = absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", backup.created_at,
                                        absl::UTCTimeZone());
  json["bytes"] = backup.bytes;
  json["epoch"] = backup.epoch;
  json["tables"] = backup.num_tables;
  json["damaged"] = backup.damaged;
  return json;
}

std::string Describe(const BackupInfo& backup) {
  if (backup.damaged) return absl::StrCat("backup ", backup.id, ": damaged");
  return absl::StrCat("backup ", backup.id, ": ", backup.num_tables,
                      backup.num_tables == 1 ? " table, " : " tables, ",
                      HumanBytes(backup.bytes), ", ",
                      absl::FormatTime("%Y-%m-%d %H:%M:%S UTC",
                                       backup.created_at, absl::UTCTimeZone()));
}

absl::Status List(const std::string& name, Session& session) {
  EMB_ASSIGN_OR_RETURN(const Client client,
                       session.connect(session.client_options));
  EMB_ASSIGN_OR_RETURN(const std::vector<BackupInfo> backups,
                       client.ListBackups(name, session.call));
  auto json = nlohmann::ordered_json::array();
  for (const BackupInfo& backup : backups) {
    json.push_back(BackupJson(backup));
    if (!session.json) session.out << Describe(backup) << "\n";
  }
  if (session.json) session.out << JsonLine(json);
  return absl::OkStatus();
}

absl::Status Backup(const std::string& name, const BackupOptions& options,
                    Session& session) {
  EMB_ASSIGN_OR_RETURN(const Client client,
                       session.connect(session.client_options));
  auto line = ShowElapsed("backing up", session);
  const auto made = client.Backup(name, options, PatientCall(session));
  line.reset();
  if (!made.ok()) return made.status();
  if (session.json) {
    session.out << JsonLine(BackupJson(*made));
  } else {
    session.out << name << ": " << Describe(*made) << "\n";
  }
  return absl::OkStatus();
}

absl::Status Restore(const std::string& name, int64_t id, Session& session) {
  EMB_ASSIGN_OR_RETURN(const Client client,
                       session.connect(session.client_options));
  auto line = ShowElapsed("restoring", session);
  const auto restored = client.Restore(name, id, PatientCall(session));
  line.reset();
  if (!restored.ok()) return restored.status();
  if (session.json) {
    nlohmann::ordered_json json;
    json["epoch"] = restored->epoch;
    json["tables"] = restored->num_tables;
    session.out << JsonLine(json);
  } else {
    session.out << "restored " << restored->num_tables
                << (restored->num_tables == 1 ? " table" : " tables")
                << ", epoch " << restored->epoch << "\n";
  }
  return absl::OkStatus();
}

nlohmann::ordered_json VerificationJson(const VerifyResult& found) {
  nlohmann::ordered_json json;
  json["files_error"] = found.files_error;
  json["versions"] = nlohmann::ordered_json::array();
  for (const VerifyResult::Version& version : found.versions) {
    nlohmann::ordered_json one;
    one["table"] = version.table.name;
    one["version"] = version.table.version;
    one["bytes"] = version.data_bytes;
    one["error"] = version.error;
    json["versions"].push_back(one);
  }
  return json;
}

absl::Status Verify(int64_t bytes_per_second, Session& session) {
  EMB_ASSIGN_OR_RETURN(const Client client,
                       session.connect(session.client_options));
  auto line = ShowElapsed("verifying", session);
  const auto found = client.Verify(bytes_per_second, PatientCall(session));
  line.reset();
  if (!found.ok()) return found.status();
  int64_t num_damaged = found->files_error.empty() ? 0 : 1;
  int64_t bytes = 0;
  for (const VerifyResult::Version& version : found->versions) {
    bytes += version.data_bytes;
    if (version.error.empty()) continue;
    ++num_damaged;
    if (!session.json) {
      session.out << version.table.name << "@" << version.table.version << ": "
                  << version.error << "\n";
    }
  }
  if (session.json) {
    session.out << JsonLine(VerificationJson(*found));
  } else if (!found->files_error.empty()) {
    session.out << found->files_error << "\n";
  }
  if (num_damaged > 0) {
    return absl::DataLossError("the store is damaged, restore a backup");
  }
  if (!session.json) {
    session.out << "verified " << found->versions.size()
                << (found->versions.size() == 1 ? " version, " : " versions, ")
                << HumanBytes(bytes) << " of rows: no damage\n";
  }
  return absl::OkStatus();
}

void AddBackupCommand(CLI::App& app, Session& session) {
  CLI::App* const command = app.add_subcommand(
      "backup",
      "Adds a backup of all tables, as they are now\n\n"
      "Tables are served and changed meanwhile. Files that did not change are\n"
      "shared with the backups before. The source is verified first and the\n"
      "copy read back: a damaged store makes it fail.");
  const auto name = std::make_shared<std::string>();
  const auto options = std::make_shared<BackupOptions>();
  const auto list = std::make_shared<bool>(false);
  command->add_option("DIR", *name, "Directory below the server's --backup_dir")
      ->required();
  command->add_option("--keep", options->keep, "Keep only the newest N")
      ->option_text("N")
      ->transform(AsInteger());
  command
      ->add_option("--bytes-per-second", options->bytes_per_second,
                   "Read no faster [0: as fast as it goes]")
      ->option_text("N")
      ->transform(AsInteger());
  command->add_flag("--list", *list, "List the backups there instead");
  command->footer("Example:\n  embctl backup nightly --keep 7\n");
  command->callback([name, options, list, &session] {
    session.action = [name, options, list, &session] {
      return *list ? List(*name, session) : Backup(*name, *options, session);
    };
  });
}

void AddRestoreCommand(CLI::App& app, Session& session) {
  CLI::App* const command = app.add_subcommand(
      "restore",
      "Makes a new server what a backup holds, and serves it\n\n"
      "The server's data directory must never have held a table.");
  const auto name = std::make_shared<std::string>();
  const auto id = std::make_shared<int64_t>(0);
  command->add_option("DIR", *name, "Directory below the server's --backup_dir")
      ->required();
  command->add_option("--id", *id, "The backup [the newest]")
      ->option_text("N")
      ->transform(AsInteger());
  command->footer("Example:\n  embctl restore nightly\n");
  command->callback([name, id, &session] {
    session.action = [name, id, &session] {
      return Restore(*name, *id, session);
    };
  });
}

void AddVerifyCommand(CLI::App& app, Session& session) {
  CLI::App* const command = app.add_subcommand(
      "verify",
      "Reads all that is on disk and compares every checksum and digest\n\n"
      "Tables are served meanwhile. Damage is named, and exit status 10.");
  const auto rate = std::make_shared<int64_t>(kVerifyBytesPerSecond);
  command
      ->add_option("--bytes-per-second", *rate,
                   "Read no faster; 0: as fast as it goes [64 MiB]")
      ->option_text("N")
      ->transform(AsInteger());
  command->callback([rate, &session] {
    session.action = [rate, &session] { return Verify(*rate, session); };
  });
}

}  // namespace

void AddBackupCommands(CLI::App& app, Session& session) {
  AddBackupCommand(app, session);
  AddRestoreCommand(app, session);
  AddVerifyCommand(app, session);
}

}  // namespace emb
