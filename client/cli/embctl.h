// embctl: administers and explores an embedding server.
#ifndef EMB_CLIENT_CLI_EMBCTL_H_
#define EMB_CLIENT_CLI_EMBCTL_H_

#include "client/cli/session.h"

namespace emb {

// Parses the command line, runs the command and returns the exit status
// (exit_code.h). Errors go to session.err, as text or, with --json, as one
// JSON object.
int RunEmbctl(int argc, const char* const* argv, Session& session);

}  // namespace emb

#endif  // EMB_CLIENT_CLI_EMBCTL_H_
