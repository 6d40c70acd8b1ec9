// embctl table versions, publish, rollback, pin and unpin.
#include <memory>
#include <string>
#include <vector>

#include "CLI/App.hpp"
#include "CLI/Config.hpp"
#include "CLI/Formatter.hpp"
#include "client/cli/commands.h"
#include "client/cli/output.h"
#include "client/cli/table_version.h"
#include "core/status_macros.h"
#include "nlohmann/json.hpp"

namespace emb {
namespace {

using Tables = std::vector<TableInfo>;

void PrintJson(const Tables& tables, Session& session) {
  auto json = nlohmann::ordered_json::array();
  for (const TableInfo& table : tables) json.push_back(TableJson(table));
  session.out << JsonLine(json);
}

// "published item@7".
void PrintVersions(const std::string& verb, const Tables& tables,
                   Session& session) {
  if (session.json) return PrintJson(tables, session);
  for (const TableInfo& table : tables) {
    session.out << verb << " " << table.options.name << "@" << table.version
                << "\n";
  }
}

absl::Status List(const std::string& name, Session& session) {
  EMB_ASSIGN_OR_RETURN(const Client client,
                       session.connect(session.client_options));
  EMB_ASSIGN_OR_RETURN(const Tables versions,
                       client.ListVersions(name, session.call));
  if (session.json) {
    PrintJson(versions, session);
  } else {
    session.out << ListVersions(versions);
  }
  return absl::OkStatus();
}

absl::Status Publish(const std::vector<std::string>& texts, Session& session) {
  std::vector<TableVersion> versions;
  for (const std::string& text : texts) {
    EMB_ASSIGN_OR_RETURN(versions.emplace_back(), ParseTableVersion(text));
  }
  EMB_ASSIGN_OR_RETURN(const Client client,
                       session.connect(session.client_options));
  EMB_ASSIGN_OR_RETURN(const Tables tables,
                       client.PublishVersions(versions, session.call));
  PrintVersions("published", tables, session);
  return absl::OkStatus();
}

absl::Status Rollback(const std::string& name, Session& session) {
  EMB_ASSIGN_OR_RETURN(const Client client,
                       session.connect(session.client_options));
  EMB_ASSIGN_OR_RETURN(const TableInfo table,
                       client.RollbackTable(name, session.call));
  PrintVersions("rolled back to", {table}, session);
  return absl::OkStatus();
}

absl::Status Pin(const std::string& text, bool pinned, Session& session) {
  EMB_ASSIGN_OR_RETURN(const TableVersion version, ParseTableVersion(text));
  EMB_ASSIGN_OR_RETURN(const Client client,
                       session.connect(session.client_options));
  EMB_ASSIGN_OR_RETURN(const TableInfo table,
                       client.PinVersion(version, pinned, session.call));
  PrintVersions(pinned ? "pinned" : "unpinned", {table}, session);
  return absl::OkStatus();
}

// A command with one text, which `run` takes.
template <typename Run>
void AddCommand(CLI::App& table, Session& session, const std::string& name,
                const std::string& description, const std::string& argument,
                const std::string& example, Run run) {
  CLI::App* const command = table.add_subcommand(name, description);
  const auto text = std::make_shared<std::string>();
  command->add_option(argument, *text, "The table")->required();
  command->footer("Example:\n  embctl table " + example + "\n");
  command->callback([text, run, &session] {
    session.action = [text, run, &session] { return run(*text, session); };
  });
}

void AddPublishCommand(CLI::App& table, Session& session) {
  CLI::App* const command = table.add_subcommand(
      "publish",
      "Makes versions current, of several tables in one step\n\n"
      "A lookup sees all of them or none; the step is on disk before it is "
      "seen. Without @VERSION the newest one is meant.");
  const auto texts = std::make_shared<std::vector<std::string>>();
  command->add_option("NAME[@VERSION]", *texts, "Versions, as item@7")
      ->required();
  command->footer("Example:\n  embctl table publish item@7 user@3\n");
  command->callback([texts, &session] {
    session.action = [texts, &session] { return Publish(*texts, session); };
  });
}

}  // namespace

void AddVersionCommands(CLI::App& table, Session& session) {
  AddCommand(table, session, "versions", "Lists the versions that are kept",
             "NAME", "versions item", List);
  AddPublishCommand(table, session);
  AddCommand(table, session, "rollback",
             "Publishes the newest version below the current one", "NAME",
             "rollback item", Rollback);
  AddCommand(table, session, "pin",
             "Keeps a version, in memory too, so that lookups may name it",
             "NAME@VERSION", "pin item@7",
             [](const std::string& text, Session& s) {
               return Pin(text, /*pinned=*/true, s);
             });
  AddCommand(table, session, "unpin", "Leaves a version to the retention",
             "NAME@VERSION", "unpin item@7",
             [](const std::string& text, Session& s) {
               return Pin(text, /*pinned=*/false, s);
             });
}

}  // namespace emb
