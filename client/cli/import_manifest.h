// The tables of a model, and the files that they come from.
#ifndef EMB_CLIENT_CLI_IMPORT_MANIFEST_H_
#define EMB_CLIENT_CLI_IMPORT_MANIFEST_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/cli/table_import.h"

namespace emb {

// Reads a manifest: {"tables": [{"name": ..., "file": ...}, ...]}, with the
// flags of `embctl table import` as keys, '_' for '-'. Files are meant relative
// to the manifest.
//
// Errors   INVALID_ARGUMENT  no JSON; a key that is unknown, missing or of
//                            another type; a name that is there twice. Names
//                            the manifest and the place.
//          NOT_FOUND, ...    it cannot be read.
absl::StatusOr<std::vector<ImportJob>> ReadImportManifest(
    const std::string& path);

// Whether the file of that name is taken for a manifest.
bool IsImportManifest(absl::string_view path);

}  // namespace emb

#endif  // EMB_CLIENT_CLI_IMPORT_MANIFEST_H_
