#include "client/cli/table_version.h"

#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace emb {

absl::StatusOr<TableVersion> ParseTableVersion(const std::string& text) {
  const std::vector<std::string> parts = absl::StrSplit(text, '@');
  TableVersion table = {parts[0]};
  if (parts.size() == 1) return table;
  if (parts.size() > 2 || !absl::SimpleAtoi(parts[1], &table.version) ||
      table.version == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", text, "\", want NAME or NAME@VERSION, as item@7"));
  }
  return table;
}

}  // namespace emb
