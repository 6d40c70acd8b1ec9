#include "client/cli/embctl.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "CLI/App.hpp"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "client/cli/commands.h"
#include "client/cli/exit_code.h"
#include "client/cli/help_formatter.h"
#include "client/cli/number_check.h"
#include "client/cli/operands.h"
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
  ClientTls& tls = session.client_options.tls;
  app.add_option("--tls-ca", tls.ca_file,
                 "Talk TLS with a server whose certificate one of these has "
                 "signed: a PEM file [EMB_TLS_CA, or plain text]")
      ->option_text("FILE");
  app.add_option("--tls-cert", tls.cert_file,
                 "Certificate to show to the server: a PEM file "
                 "[EMB_TLS_CERT, or none]")
      ->option_text("FILE");
  app.add_option("--tls-key", tls.key_file,
                 "Its private key: a PEM file [EMB_TLS_KEY]")
      ->option_text("FILE");
  app.add_option("--token-file", session.client_options.token_file,
                 "File with the token to call with [EMB_TOKEN_FILE, or none]")
      ->option_text("FILE");
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

// What is wrong with the command line, and the command that was meant.
struct UsageError {
  const CLI::App* command;
  std::string name;  // With the names of its parents.
  std::string complaint;
};

// The parser's words, but where they mislead.
std::string ComplaintOf(const CLI::App& app, const CLI::App& command,
                        const CLI::ParseError& error) {
  const bool has_commands = !command.get_subcommands({}).empty();
  // The parser names what is missing first, though a misspelt word is why.
  const std::vector<std::string> unknown = app.remaining(true);
  if (!unknown.empty()) {
    const char* const what = absl::StartsWith(unknown.front(), "-")
                                 ? "unknown option"
                             : has_commands ? "unknown command"
                                            : "unexpected";
    return absl::StrCat(what, " \"", UnmarkOperand(unknown.front()), "\"");
  }
  std::string complaint(absl::StripAsciiWhitespace(error.what()));
  if (error.get_name() == "ArgumentMismatch") {
    // "--dim: 1 required INT missing", "--dim: At most 1 required but received
    // 2".
    const bool repeated = absl::StrContains(complaint, "but received");
    return absl::StrCat(
        complaint.substr(0, complaint.find(':')),
        repeated ? ": given twice, want it once" : ": want a value");
  }
  if (error.get_name() == "RequiredError" && has_commands) {
    return "want a command";
  }
  return complaint;
}

UsageError UsageErrorOf(const CLI::App& app, const CLI::ParseError& error) {
  const CLI::App* command = &app;
  std::string name = app.get_name();
  while (!command->get_subcommands().empty()) {
    command = command->get_subcommands().front();
    absl::StrAppend(&name, " ", command->get_name());
  }
  return {command, name, ComplaintOf(app, *command, error)};
}

int PrintUsage(const UsageError& error, const Session& session) {
  if (session.json) {
    PrintError(absl::InvalidArgumentError(error.complaint), session);
  } else {
    session.err << "embctl: " << error.complaint << "\n"
                << HelpFormatter().make_usage(error.command, error.name)
                << "Run \"" << error.name << " --help\" for more.\n";
  }
  return kExitUsage;
}

// `embctl help table create` is `embctl table create --help`.
int PrintHelp(const CLI::App& app, absl::Span<const std::string> names,
              const Session& session) {
  const CLI::App* command = &app;
  std::string path = app.get_name();
  for (const std::string& name : names) {
    if (absl::StartsWith(name, "-")) continue;
    const auto found = command->get_subcommands(
        [&name](const CLI::App* each) { return each->get_name() == name; });
    if (found.empty()) {
      const std::string complaint =
          absl::StrCat("unknown command \"", name, "\"");
      return PrintUsage({command, path, complaint}, session);
    }
    command = found.front();
    absl::StrAppend(&path, " ", name);
  }
  session.out << HelpFormatter().make_help(command, path,
                                           CLI::AppFormatMode::Normal);
  return kExitOk;
}

void AddHelpCommand(CLI::App& app, Session& session) {
  CLI::App* const command = app.add_subcommand(
      "help", "Explains a command: embctl help table create");
  command->footer("Example:\n  embctl help lookup\n");
  command->callback([&app, &session] {
    session.action = [&app, &session] {
      PrintHelp(app, {}, session);
      return absl::OkStatus();
    };
  });
}

// Before the command line is understood, errors in it included.
bool WantsJson(const std::vector<std::string>& args) {
  const auto end = std::find(args.begin(), args.end(), "--");
  return std::find(args.begin(), end, "--json") != end;
}

int RunAction(Session& session) {
  absl::Status status = session.action();
  session.out.flush();
  // Output that nobody got is an error: a full disk, say.
  if (status.ok() && !session.out.good()) {
    status = absl::InternalError("standard output: cannot be written");
  }
  if (!status.ok()) PrintError(status, session);
  return ExitCodeOf(status.code());
}

}  // namespace

int RunEmbctl(int argc, const char* const* argv, Session& session) {
  CLI::App app(kDescription, "embctl");
  app.formatter(std::make_shared<HelpFormatter>());
  app.set_help_flag("-h,--help", "Print this help");
  app.require_subcommand(1);
  AddGlobalFlags(app, session);
  AddTableCommands(app, session);
  AddRowsCommands(app, session);
  AddLookupCommand(app, session);
  AddServerCommands(app, session);
  AddBackupCommands(app, session);
  AddPlanCommand(app, session);
  AddBenchCommand(app, session);
  AddTokenCommands(app, session);
  AddHelpCommand(app, session);
  UnmarkOperands(app);
  // Last, or the commands would inherit it.
  app.footer(std::string(kExitCodeHelp));

  std::vector<std::string> args(argv + 1, argv + argc);
  session.json = WantsJson(args);
  if (!args.empty() && args.front() == "help") {
    return PrintHelp(app, absl::MakeSpan(args).subspan(1), session);
  }
  args = MarkOperands(std::move(args));
  std::reverse(args.begin(), args.end());  // As the parser wants them.
  try {
    app.parse(std::move(args));
  } catch (const CLI::ParseError& error) {
    // --help and --version come this way too, with status 0.
    if (error.get_exit_code() == 0) {
      app.exit(error, session.out, session.err);
      return kExitOk;
    }
    return PrintUsage(UsageErrorOf(app, error), session);
  }
  return RunAction(session);
}

}  // namespace emb
