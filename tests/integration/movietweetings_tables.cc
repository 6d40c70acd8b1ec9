#include "tests/integration/movietweetings_tables.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/status_macros.h"
#include "tests/testing/read_npy.h"
#include "tests/testing/row_sources.h"

namespace movietweetings {
namespace {

struct TableFile {
  const char* name;
  int64_t dim;
};

constexpr TableFile kTables[] = {
    {"item", 64}, {"item_bias", 1}, {"user", 32}, {"genre", 32}};

absl::Status Import(const emb::Client& client, const TableFile& table) {
  EMB_ASSIGN_OR_RETURN(const std::vector<float> values,
                       emb::ReadNpy<float>(absl::StrCat(
                           EMB_EXAMPLE_DATA_DIR "/", table.name, ".npy")));
  emb::TableOptions options;
  options.name = table.name;
  options.num_rows = static_cast<int64_t>(values.size()) / table.dim;
  options.dim = table.dim;
  options.padding_idx = 0;
  return client.ImportTable(options, emb::RowsFromValues(values)).status();
}

}  // namespace

absl::Status ImportAllTables(const emb::Client& client) {
  for (const TableFile& table : kTables) {
    EMB_RETURN_IF_ERROR(Import(client, table));
  }
  return absl::OkStatus();
}

absl::Status ImportTable(const emb::Client& client, std::string_view name) {
  for (const TableFile& table : kTables) {
    if (table.name == name) return Import(client, table);
  }
  return absl::NotFoundError("no such table of the example");
}

}  // namespace movietweetings
