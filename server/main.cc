// embedding-server: starts, serves until SIGTERM or SIGINT, drains, exits 0.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>

#include "absl/flags/flag.h"
#include "absl/strings/str_cat.h"
#include "server/configuration.h"
#include "server/flag_definitions.h"
#include "server/flag_options.h"
#include "server/log.h"
#include "server/open_files.h"
#include "server/sd_notify.h"
#include "server/server.h"
#include "server/server_flags.h"
#include "server/signal_thread.h"
#include "storage/salvage.h"

namespace {

// Exit statuses: 2 for a wrong command line, 1 for anything else.
constexpr int kExitFailure = 1;
constexpr int kExitUsage = 2;

int Fail(const absl::Status& status) {
  emb::Log(emb::LogLevel::kError, "start_failed",
           {{"code", absl::StatusCodeToString(status.code())},
            {"message", status.message()}});
  return absl::IsInvalidArgument(status) ? kExitUsage : kExitFailure;
}

// What is acknowledged is on disk: whoever supervises the process starts it
// again.
[[noreturn]] void ExitWedged(const absl::Status& why) {
  emb::LogFailure("wedged", why);
  _exit(kExitFailure);
}

int PrintConfig(const emb::Configuration& configuration) {
  const auto text = configuration.ToToml();
  if (!text.ok()) return Fail(text.status());
  const bool written =
      std::fputs(text->c_str(), stdout) >= 0 && std::fflush(stdout) == 0;
  return written ? EXIT_SUCCESS : kExitFailure;
}

// Whatever is wrong with what is asked for is the fault of who asks.
int CheckConfig(const emb::ServerOptions& options) {
  const absl::Status status = emb::CheckServerOptions(options);
  if (!status.ok()) {
    Fail(status);
    return kExitUsage;
  }
  const bool written = std::puts("the configuration is in order") >= 0;
  return written ? EXIT_SUCCESS : kExitFailure;
}

void LogChanges(const emb::Configuration::Changes& changes) {
  for (const auto& change : changes.applied) {
    emb::Log(emb::LogLevel::kInfo, "setting_changed",
             {{"setting", change.name},
              {"old", change.before},
              {"new", change.after}});
  }
  for (const auto& change : changes.need_restart) {
    emb::Log(emb::LogLevel::kWarning, "setting_needs_restart",
             {{"setting", change.name},
              {"old", change.before},
              {"new", change.after}});
  }
  emb::Log(
      emb::LogLevel::kInfo, "reloaded",
      {{"changed", static_cast<int64_t>(changes.applied.size())},
       {"need_restart", static_cast<int64_t>(changes.need_restart.size())}});
}

// `level` is the log's, before and after.
void Reload(emb::Configuration& configuration, emb::Server& server,
            emb::LogLevel& level) {
  emb::LogLevel next = level;
  const auto changes =
      configuration.Reload([&](const emb::ServerOptions& options) {
        next = options.log_level;
        return server.Reload(options);
      });
  if (!changes.ok()) return emb::LogFailure("reload_failed", changes.status());
  // A change to fewer events is the last that is heard of.
  emb::SetLogLevel(std::min(level, next));
  LogChanges(*changes);
  emb::SetLogLevel(next);
  level = next;
}

int Run(emb::Configuration& configuration, emb::ServerOptions options) {
  options.on_wedged = ExitWedged;
  if (const absl::Status status = emb::RaiseOpenFiles(); !status.ok()) {
    return Fail(status);
  }
  emb::SdNotifyOptions notify_options = emb::SdNotifyFromEnvironment();
  const emb::Server* serving = nullptr;  // Set before it is asked for.
  notify_options.is_alive = [&serving] { return serving->IsAlive(); };
  emb::SdNotify notify(std::move(notify_options));
  auto server = emb::Server::Start(options);
  if (!server.ok()) return Fail(server.status());
  emb::LogLevel level = options.log_level;
  const emb::SignalThread signal_thread(
      {.stop = [&] { (*server)->RequestStop(); },
       .reload =
           [&] {
             notify.Reloading();
             Reload(configuration, **server, level);
             notify.Reloaded();
           }});
  if (const absl::Status status = (*server)->Load(); !status.ok()) {
    // Asked to stop before it was up: nothing to drain.
    if (absl::IsCancelled(status)) return EXIT_SUCCESS;
    return Fail(status);
  }
  serving = server->get();
  notify.Serving(absl::StrCat("Serving on ", (*server)->data_address()));
  (*server)->WaitForStop();
  notify.Stopping();
  return (*server)->Stop().ok() ? EXIT_SUCCESS : kExitFailure;
}

// Tells of each table, and at last what was lost.
int Salvage(const emb::ServerOptions& options) {
  const auto found = emb::SalvageStore(options.data_dir, options.salvage);
  if (!found.ok()) return Fail(found.status());
  for (const emb::SalvagedVersion& version : found->versions) {
    emb::Log(
        version.status.ok() ? emb::LogLevel::kInfo : emb::LogLevel::kWarning,
        version.status.ok() ? "version_salvaged" : "version_damaged",
        {{"table", version.record.spec.name},
         {"version", version.record.version},
         {"revision", version.record.revision},
         {"message", version.status.message()}});
  }
  emb::Log(emb::LogLevel::kInfo, "salvaged",
           {{"data_dir", options.data_dir},
            {"copy", options.salvage},
            {"epoch", static_cast<int64_t>(found->epoch)},
            {"lost_changes",
             static_cast<int64_t>(found->latest_epoch - found->epoch)}});
  return EXIT_SUCCESS;
}

}  // namespace

int main(int argc, char** argv) {
  auto configuration = emb::ParseServerFlags(argc, argv);
  if (!configuration.ok()) return Fail(configuration.status());
  if (absl::GetFlag(FLAGS_print_config)) return PrintConfig(*configuration);
  const auto options = emb::OptionsFromFlags();
  if (!options.ok()) return Fail(options.status());
  if (absl::GetFlag(FLAGS_check_config)) return CheckConfig(*options);
  if (!options->salvage.empty()) return Salvage(*options);
  emb::SignalThread::Block();
  return Run(*configuration, *options);
}
