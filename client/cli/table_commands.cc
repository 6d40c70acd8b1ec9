// embctl table create, list, describe, drop.
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "CLI/App.hpp"
#include "CLI/Config.hpp"
#include "CLI/Formatter.hpp"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "client/cli/commands.h"
#include "client/cli/elapsed_line.h"
#include "client/cli/number_check.h"
#include "client/cli/output.h"
#include "client/cli/table_flags.h"
#include "client/cli/text.h"
#include "core/status_macros.h"
#include "nlohmann/json.hpp"

namespace emb {
namespace {

struct CreateFlags {
  TableFlags table;
  std::vector<std::string> init_args;
  std::string seed = "0";
};

// KEY=VALUE; a value that is a number is one.
absl::Status AddInitArg(const std::string& text, InitializerSpec& init) {
  const std::vector<std::string> parts =
      absl::StrSplit(text, absl::MaxSplits('=', 1));
  if (parts.size() != 2 || parts[0].empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("--init-arg: \"", text, "\", want KEY=VALUE"));
  }
  if (init.args.contains(parts[0])) {
    return absl::InvalidArgumentError(
        absl::StrCat("--init-arg: \"", parts[0], "\" given twice"));
  }
  double number = 0;
  if (absl::SimpleAtod(parts[1], &number)) {
    init.args[parts[0]] = number;
  } else {
    init.args[parts[0]] = parts[1];
  }
  return absl::OkStatus();
}

// Any 64 bits, as torch.manual_seed takes them: -1 is 2^64 - 1.
absl::StatusOr<uint64_t> ParseSeed(const std::string& text) {
  uint64_t seed = 0;
  if (absl::SimpleAtoi(text, &seed)) return seed;
  int64_t negative = 0;
  if (absl::SimpleAtoi(text, &negative)) return static_cast<uint64_t>(negative);
  return absl::InvalidArgumentError(absl::StrCat(
      "--seed: \"", text, "\", want an integer from -2^63 to 2^64 - 1"));
}

absl::Status Create(const CreateFlags& flags, Session& session) {
  EMB_ASSIGN_OR_RETURN(TableOptions options, OptionsOf(flags.table));
  for (const std::string& arg : flags.init_args) {
    EMB_RETURN_IF_ERROR(AddInitArg(arg, options.initializer));
  }
  options.initializer.scheme = flags.table.init;
  EMB_ASSIGN_OR_RETURN(options.seed, ParseSeed(flags.seed));
  EMB_ASSIGN_OR_RETURN(const Client client,
                       session.connect(session.client_options));
  std::optional<ElapsedLine> line;
  if (session.err_is_terminal) {
    line.emplace(
        absl::StrCat("creating ", options.name, ", ",
                     WithCommas(options.num_rows), " rows x ", options.dim),
        session.patience, session.err);
  }
  const auto table = client.CreateTable(options, session.call);
  line.reset();
  if (!table.ok()) return table.status();
  PrintTable("created", *table, session);
  return absl::OkStatus();
}

absl::Status List(Session& session) {
  EMB_ASSIGN_OR_RETURN(const Client client,
                       session.connect(session.client_options));
  EMB_ASSIGN_OR_RETURN(const auto tables, client.ListTables(session.call));
  if (session.json) {
    auto json = nlohmann::ordered_json::array();
    for (const TableInfo& table : tables) json.push_back(TableJson(table));
    session.out << JsonLine(json);
  } else if (tables.empty()) {
    session.out << "no tables; make one with: embctl table create NAME "
                   "--rows N --dim D\n";
  } else {
    session.out << ListTables(tables);
  }
  return absl::OkStatus();
}

absl::Status Describe(const std::string& name, Session& session) {
  EMB_ASSIGN_OR_RETURN(const Client client,
                       session.connect(session.client_options));
  EMB_ASSIGN_OR_RETURN(const TableInfo table,
                       client.GetTable(name, session.call));
  if (session.json) {
    session.out << JsonLine(TableJson(table));
  } else {
    session.out << DescribeTable(table);
  }
  return absl::OkStatus();
}

absl::Status Drop(const std::string& name, Session& session) {
  EMB_ASSIGN_OR_RETURN(const Client client,
                       session.connect(session.client_options));
  EMB_RETURN_IF_ERROR(client.DropTable(name, session.call));
  if (session.json) {
    session.out << JsonLine({{"dropped", name}});
  } else {
    session.out << "dropped " << name << "\n";
  }
  return absl::OkStatus();
}

void AddInitFlags(CLI::App& command, CreateFlags& flags) {
  command
      .add_option("--init", flags.table.init,
                  "uniform, normal, trunc_normal, constant, ones, zeros, eye, "
                  "xavier_uniform, xavier_normal, kaiming_uniform, "
                  "kaiming_normal, orthogonal or sparse")
      ->option_text("SCHEME")
      ->capture_default_str();
  command
      .add_option("--init-arg", flags.init_args,
                  "An argument of the scheme by PyTorch's name, such as "
                  "gain=0.5 or mode=fan_out; may be repeated")
      ->option_text("KEY=VALUE")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  command.add_option("--seed", flags.seed, "As torch.manual_seed takes it")
      ->option_text("N")
      ->capture_default_str();
}

void AddCreateCommand(CLI::App& table, Session& session) {
  CLI::App* const command = table.add_subcommand(
      "create", "Makes a table and fills it as torch.nn.init does");
  const auto flags = std::make_shared<CreateFlags>();
  command->add_option("--rows", flags->table.rows, "Rows (num_embeddings)")
      ->required()
      ->option_text("N")
      ->transform(AsInteger());
  command->add_option("--dim", flags->table.dim, "Columns (embedding_dim)")
      ->required()
      ->option_text("N")
      ->transform(AsInteger());
  AddInitFlags(*command, *flags);
  AddTableFlags(*command, flags->table);
  command->footer(
      "Example:\n"
      "  embctl table create item --rows 10507 --dim 64 --padding-idx 0 \\\n"
      "      --init uniform --init-arg a=-0.05 --init-arg b=0.05 --seed 42\n");
  command->callback([flags, &session] {
    session.action = [flags, &session] { return Create(*flags, session); };
  });
}

// A command whose one argument is the name of a table.
void AddNameCommand(CLI::App& table, const std::string& name,
                    const std::string& description,
                    absl::Status (*run)(const std::string&, Session&),
                    Session& session) {
  CLI::App* const command = table.add_subcommand(name, description);
  const auto table_name = std::make_shared<std::string>();
  command->add_option("NAME", *table_name, "The table")->required();
  command->footer(absl::StrCat("Example:\n  embctl table ", name, " item\n"));
  command->callback([table_name, run, &session] {
    session.action = [table_name, run, &session] {
      return run(*table_name, session);
    };
  });
}

}  // namespace

void AddTableCommands(CLI::App& app, Session& session) {
  CLI::App* const table = app.add_subcommand(
      "table", "Makes, lists, imports, exports and drops tables");
  table->require_subcommand(1);
  AddCreateCommand(*table, session);
  AddImportCommand(*table, session);
  AddImportAllCommand(*table, session);
  AddExportCommand(*table, session);
  CLI::App* const list = table->add_subcommand("list", "Lists all tables");
  list->footer("Example:\n  embctl table list --json\n");
  list->callback(
      [&session] { session.action = [&session] { return List(session); }; });
  AddNameCommand(*table, "describe", "Shows all about one table", Describe,
                 session);
  AddVersionCommands(*table, session);
  AddNameCommand(*table, "drop",
                 "Removes a table with all its versions, for good", Drop,
                 session);
}

}  // namespace emb
