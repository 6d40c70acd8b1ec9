#include "client/cli/embctl.h"

#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "CLI/App.hpp"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/cli/commands.h"
#include "client/cli/exit_code.h"
#include "client/cli/help_formatter.h"
#include "client/cli/number_check.h"
#include "client/cli/output.h"
#include "nlohmann/json.hpp"

namespace emb {
namespace {

constexpr char kDescription[] =
    "embctl administers and explores an embedding server.\n\n"
    "  embctl table create item --rows 1000 --dim 64 --padding-idx 0\n"
    "  embctl lookup item 1 2 3\n";

void AddGlobalFlags(CLI::App& app, Session& session) {
  // Global flags may stand before or after the command.
  app.fallthrough();
  app.add_option("--server", session.client_options.server,
                 "Where lookups are answered: HOST:PORT or unix:PATH "
                 "[EMB_SERVER, or 127.0.0.1:50051]")
      ->option_text("ADDRESS");
  app.add_option("--admin", session.client_options.admin,
                 "Where tables are administered [EMB_ADMIN, or "
                 "127.0.0.1:50052]")
      ->option_text("ADDRESS");
  app.add_flag("--json", session.json, "Print JSON, errors too");
  app.add_option_function<double>(
         "--timeout",
         [&session](double seconds) {
           session.call.timeout = absl::Seconds(seconds);
         },
         "How long to wait for an answer; table import: for progress "
         "[lookup and health 1, table import 60, others 600]")
      ->option_text("SECONDS")
      ->check(IsPositive());
  app.set_version_flag("--version", "embctl " EMB_VERSION, "Print the version");
}

void PrintError(const absl::Status& status, const Session& session) {
  const std::string code = absl::StatusCodeToString(status.code());
  if (session.json) {
    const nlohmann::ordered_json error = {
        {"error",
         {{"code", code}, {"message", std::string(status.message())}}}};
    session.err << JsonLine(error);
  } else {
    session.err << "embctl: " << code << ": " << status.message() << "\n";
  }
}

// What is wrong with the command line, and how the command is used.
void PrintUsage(const CLI::App& app, const CLI::ParseError& error,
                std::ostream& err) {
  const CLI::App* command = &app;
  std::string name = app.get_name();
  while (!command->get_subcommands().empty()) {
    command = command->get_subcommands().front();
    absl::StrAppend(&name, " ", command->get_name());
  }
  std::string complaint(absl::StripAsciiWhitespace(error.what()));
  // The parser names what is missing first, though a misspelt word is why.
  const std::vector<std::string> unknown = app.remaining(true);
  if (!unknown.empty()) {
    const bool is_flag = absl::StartsWith(unknown.front(), "-");
    complaint = absl::StrCat(is_flag ? "unknown option \""
                             : command->get_subcommands({}).empty()
                                 ? "unexpected \""
                                 : "unknown command \"",
                             unknown.front(), "\"");
  } else if (error.get_name() == "ArgumentMismatch") {
    // "--dim: 1 required INT missing".
    complaint = absl::StrCat(complaint.substr(0, complaint.find(':')),
                             ": want a value");
  } else if (error.get_name() == "RequiredError" &&
             !command->get_subcommands({}).empty()) {
    complaint = "want a command";
  }
  err << "embctl: " << complaint << "\n"
      << HelpFormatter().make_usage(command, name) << "Run \"" << name
      << " --help\" for more.\n";
}

}  // namespace

int RunEmbctl(int argc, const char* const* argv, Session& session) {
  CLI::App app(kDescription, "embctl");
  app.formatter(std::make_shared<HelpFormatter>());
  app.set_help_flag("-h,--help", "Print this help");
  app.require_subcommand(1);
  AddGlobalFlags(app, session);
  AddTableCommands(app, session);
  AddLookupCommand(app, session);
  AddServerCommands(app, session);
  AddBenchCommand(app, session);
  // Last, or the commands would inherit it.
  app.footer(std::string(kExitCodeHelp));
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    // --help and --version come this way too, with status 0.
    if (error.get_exit_code() == 0) {
      app.exit(error, session.out, session.err);
      return kExitOk;
    }
    PrintUsage(app, error, session.err);
    return kExitUsage;
  }
  absl::Status status = session.action();
  session.out.flush();
  // Output that nobody got is an error: a full disk, say.
  if (status.ok() && !session.out.good()) {
    status = absl::InternalError("standard output: cannot be written");
  }
  if (!status.ok()) PrintError(status, session);
  return ExitCodeOf(status.code());
}

}  // namespace emb
