// The commands of embctl. Each function adds its commands and their flags to
// the application; parsing one sets session.action.
#ifndef EMB_CLIENT_CLI_COMMANDS_H_
#define EMB_CLIENT_CLI_COMMANDS_H_

#include "CLI/App.hpp"
#include "client/cli/session.h"

namespace emb {

// `session` outlives the application, in all of them.
void AddTableCommands(CLI::App& app, Session& session);
void AddImportCommand(CLI::App& table, Session& session);
void AddImportAllCommand(CLI::App& table, Session& session);
void AddExportCommand(CLI::App& table, Session& session);
void AddVersionCommands(CLI::App& table, Session& session);
void AddRowsCommands(CLI::App& app, Session& session);
void AddLookupCommand(CLI::App& app, Session& session);
void AddBenchCommand(CLI::App& app, Session& session);
void AddBackupCommands(CLI::App& app, Session& session);
void AddPlanCommand(CLI::App& app, Session& session);
void AddServerCommands(CLI::App& app, Session& session);
void AddTokenCommands(CLI::App& app, Session& session);

}  // namespace emb

#endif  // EMB_CLIENT_CLI_COMMANDS_H_
