// embctl status and health.
#include <memory>
#include <string>

#include "CLI/App.hpp"
#include "CLI/Config.hpp"
#include "CLI/Formatter.hpp"
#include "client/cli/commands.h"
#include "client/cli/output.h"
#include "client/cli/status_output.h"
#include "core/status_macros.h"
#include "nlohmann/json.hpp"

namespace emb {
namespace {

absl::Status Status(Session& session) {
  EMB_ASSIGN_OR_RETURN(const Client client,
                       session.connect(session.client_options));
  EMB_ASSIGN_OR_RETURN(const ServerStatus status,
                       client.GetStatus(session.call));
  if (session.json) {
    session.out << JsonLine(StatusJson(status));
  } else {
    session.out << DescribeStatus(status);
  }
  return absl::OkStatus();
}

absl::Status Health(const std::string& service, Session& session) {
  EMB_ASSIGN_OR_RETURN(const Client client,
                       session.connect(session.client_options));
  EMB_RETURN_IF_ERROR(client.CheckHealth(service, session.call));
  session.out << (session.json ? R"({"status":"SERVING"})" : "serving") << "\n";
  return absl::OkStatus();
}

}  // namespace

void AddServerCommands(CLI::App& app, Session& session) {
  CLI::App* const status =
      app.add_subcommand("status", "Shows what the server is doing");
  status->footer("Example:\n  embctl status --json\n");
  status->callback(
      [&session] { session.action = [&session] { return Status(session); }; });
  CLI::App* const health = app.add_subcommand(
      "health",
      "Exits with 0 if lookups are served, or changes taken, for probes");
  const auto service = std::make_shared<std::string>();
  health->add_option("SERVICE", *service,
                     "embedding.v1.EmbeddingService (the default) for lookups, "
                     "embedding.v1.TableAdmin for changes");
  health->footer("Example:\n  embctl health --timeout 0.5\n");
  health->callback([service, &session] {
    session.action = [service, &session] { return Health(*service, session); };
  });
}

}  // namespace emb
