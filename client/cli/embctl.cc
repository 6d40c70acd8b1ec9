#include "client/cli/embctl.h"

#include <string>

#include "CLI/App.hpp"
#include "CLI/Config.hpp"
#include "CLI/Formatter.hpp"
#include "absl/strings/str_cat.h"
#include "client/cli/commands.h"
#include "client/cli/exit_code.h"
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
                 "[127.0.0.1:50051, or EMB_SERVER]");
  app.add_option("--admin", session.client_options.admin,
                 "Where tables are administered [127.0.0.1:50052, or "
                 "EMB_ADMIN]");
  app.add_flag("--json", session.json, "Print JSON");
  app.add_option_function<double>(
         "--timeout",
         [&session](double seconds) {
           session.call.timeout = absl::Seconds(seconds);
         },
         "Seconds to wait for an answer [lookups 1, others 600]")
      ->check(CLI::PositiveNumber);
  app.set_version_flag("--version", "embctl " EMB_VERSION);
}

void PrintError(const absl::Status& status, const Session& session) {
  const std::string code = absl::StatusCodeToString(status.code());
  if (session.json) {
    const nlohmann::ordered_json error = {
        {"error",
         {{"code", code}, {"message", std::string(status.message())}}}};
    session.err << error.dump(-1, ' ', false,
                              nlohmann::ordered_json::error_handler_t::replace)
                << "\n";
  } else {
    session.err << "embctl: " << code << ": " << status.message() << "\n";
  }
}

}  // namespace

int RunEmbctl(int argc, const char* const* argv, Session& session) {
  CLI::App app(kDescription, "embctl");
  app.footer(std::string(kExitCodeHelp));
  app.require_subcommand(1);
  AddGlobalFlags(app, session);
  AddTableCommands(app, session);
  AddLookupCommand(app, session);
  AddServerCommands(app, session);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    // --help and --version come this way too, with status 0.
    const int status = app.exit(error, session.out, session.err);
    return status == 0 ? kExitOk : kExitUsage;
  }
  const absl::Status status = session.action();
  if (!status.ok()) PrintError(status, session);
  session.out.flush();
  return ExitCodeOf(status.code());
}

}  // namespace emb
