// The flags that `table create` and `table import` share.
#ifndef EMB_CLIENT_CLI_TABLE_FLAGS_H_
#define EMB_CLIENT_CLI_TABLE_FLAGS_H_

#include <cstdint>
#include <optional>
#include <string>

#include "CLI/App.hpp"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/cli/session.h"
#include "emb/types.h"

namespace emb {

struct TableFlags {
  std::string name;
  int64_t rows = 0;
  int64_t dim = 0;
  std::string dtype = "float32";
  std::optional<int64_t> padding_idx;
  std::optional<double> max_norm;
  std::optional<double> norm_type;
  std::string init = "normal";
};

// NAME, --dtype, --padding-idx, --max-norm, --norm-type.
// REQUIRES: `flags` outlives the command.
void AddTableFlags(CLI::App& command, TableFlags& flags);

// Errors   INVALID_ARGUMENT  an unknown dtype.
absl::StatusOr<TableOptions> OptionsOf(const TableFlags& flags);

// "created item: 10,507 rows x 64, float32, 2.6 MiB, version 1", or the table
// as JSON.
void PrintTable(absl::string_view verb, const TableInfo& table,
                Session& session);

}  // namespace emb

#endif  // EMB_CLIENT_CLI_TABLE_FLAGS_H_
