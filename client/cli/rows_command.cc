// embctl rows set.
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "CLI/App.hpp"
#include "CLI/Config.hpp"
#include "CLI/Formatter.hpp"
#include "absl/strings/str_cat.h"
#include "client/cli/commands.h"
#include "client/cli/npy_file.h"
#include "client/cli/number_check.h"
#include "client/cli/output.h"
#include "client/cli/text.h"
#include "client/formats/table_file.h"
#include "core/status_macros.h"
#include "nlohmann/json.hpp"

namespace emb {
namespace {

struct SetFlags {
  std::string table;
  std::vector<int64_t> ids;
  std::string ids_from;
  std::string from;
  std::optional<uint64_t> expected_revision;
  std::string request_id;
};

absl::StatusOr<std::vector<int64_t>> IdsOf(const SetFlags& flags) {
  if (flags.ids_from.empty() == flags.ids.empty()) {
    return absl::InvalidArgumentError(
        "ids: want either --ids ID,... or --ids-from FILE");
  }
  if (flags.ids_from.empty()) return flags.ids;
  EMB_ASSIGN_OR_RETURN(IdsFile file, ReadIdsFile(flags.ids_from));
  return std::move(file.ids);
}

absl::StatusOr<RowValues> ReadRows(const SetFlags& flags) {
  RowValues rows;
  rows.table = flags.table;
  rows.expected_revision = flags.expected_revision;
  EMB_ASSIGN_OR_RETURN(rows.ids, IdsOf(flags));
  EMB_ASSIGN_OR_RETURN(TableFile file, TableFile::Open(flags.from));
  const int64_t num_rows = file.num_rows();
  if (num_rows != static_cast<int64_t>(rows.ids.size())) {
    return absl::InvalidArgumentError(
        absl::StrCat("file \"", flags.from, "\": ", num_rows, " rows, want ",
                     rows.ids.size(), ", one for each id"));
  }
  rows.values.resize(static_cast<size_t>(num_rows * file.dim()));
  auto bytes = absl::MakeSpan(reinterpret_cast<std::byte*>(rows.values.data()),
                              rows.values.size() * sizeof(float));
  while (!bytes.empty()) {
    EMB_ASSIGN_OR_RETURN(const size_t count, file.Read(bytes));
    bytes.remove_prefix(count);
  }
  return rows;
}

void Print(const RowValues& rows, const UpsertOutcome& outcome,
           Session& session) {
  const UpsertOutcome::Table& table = outcome.tables.at(0);
  if (session.json) {
    nlohmann::ordered_json json;
    json["table"] = rows.table;
    json["rows"] = rows.ids.size();
    json["version"] = table.version;
    json["revision"] = table.revision;
    json["epoch"] = outcome.epoch;
    json["repeated_request"] = outcome.repeated_request;
    session.out << JsonLine(json);
    return;
  }
  session.out << (outcome.repeated_request ? "set before: " : "set ")
              << WithCommas(static_cast<int64_t>(rows.ids.size()))
              << (rows.ids.size() == 1 ? " row of " : " rows of ") << rows.table
              << "@" << table.version << ", now at revision " << table.revision
              << "\n";
}

absl::Status Set(const SetFlags& flags, Session& session) {
  EMB_ASSIGN_OR_RETURN(const RowValues rows, ReadRows(flags));
  EMB_ASSIGN_OR_RETURN(const Client client,
                       session.connect(session.client_options));
  EMB_ASSIGN_OR_RETURN(
      const UpsertOutcome outcome,
      client.UpsertRows({rows}, flags.request_id, session.call));
  Print(rows, outcome, session);
  return absl::OkStatus();
}

void AddSetCommand(CLI::App& rows, Session& session) {
  CLI::App* const command = rows.add_subcommand(
      "set",
      "Replaces rows of a table's current version\n\n"
      "All of them or none, on disk when the command ends (see the server's\n"
      "--durability). A lookup sees all of them or none. Other rows stay.");
  const auto flags = std::make_shared<SetFlags>();
  command->add_option("NAME", flags->table, "The table")->required();
  command->add_option("--ids", flags->ids, "Rows to replace, as 1,2,3")
      ->option_text("ID,...")
      ->delimiter(',')
      ->transform(AsInteger());
  command
      ->add_option("--ids-from", flags->ids_from,
                   ".npy file of int32 or int64 ids, in place of --ids")
      ->option_text("FILE");
  command
      ->add_option("--from", flags->from,
                   "File of their values, a row for each id, in any format "
                   "of table import")
      ->option_text("FILE")
      ->required();
  command
      ->add_option("--expected-revision", flags->expected_revision,
                   "Change nothing unless the table is at this revision")
      ->option_text("N")
      ->transform(AsInteger());
  command
      ->add_option("--request-id", flags->request_id,
                   "A name for this change, such as a UUID: sent again under "
                   "it, it is done once")
      ->option_text("TEXT");
  command->footer(
      "Examples:\n"
      "  embctl rows set item --ids 7,42 --from rows.npy\n"
      "  embctl rows set item --ids-from ids.npy --from rows.npy "
      "--expected-revision 3\n");
  command->callback([flags, &session] {
    session.action = [flags, &session] { return Set(*flags, session); };
  });
}

}  // namespace

void AddRowsCommands(CLI::App& app, Session& session) {
  CLI::App* const rows = app.add_subcommand("rows", "Changes rows of tables");
  rows->require_subcommand(1);
  AddSetCommand(*rows, session);
}

}  // namespace emb
