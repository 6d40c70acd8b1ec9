// The answer of a lookup as JSON for people and programs, or as a .npy file.
#ifndef EMB_CLIENT_CLI_LOOKUP_OUTPUT_H_
#define EMB_CLIENT_CLI_LOOKUP_OUTPUT_H_

#include <string>

#include "absl/status/status.h"
#include "client/cli/session.h"

namespace emb {

// Where an answer goes: empty: JSON to session.out; "-": .npy to session.out;
// otherwise .npy to the file of this name.
//
// Errors   INVALID_ARGUMENT  bytes for a terminal, or beside JSON.
absl::Status CheckLookupOutput(const std::string& out, const Session& session);

// Puts the first feature there and, of a file, says so.
//
// Errors   As WriteFloatFile.
// REQUIRES: CheckLookupOutput is OK; `result` is the answer to `feature`.
absl::Status PutLookup(const Feature& feature, const LookupResult& result,
                       const std::string& out, const Session& session);

}  // namespace emb

#endif  // EMB_CLIENT_CLI_LOOKUP_OUTPUT_H_
