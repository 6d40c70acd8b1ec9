#include "examples/movietweetings/catalog.h"

#include <algorithm>
#include <fstream>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"

namespace movietweetings {
namespace {

using Fields = std::vector<std::string>;

// The lines of a table of `num_columns` columns, without its heading. Line i
// must begin with the number i: the row that it describes.
absl::StatusOr<std::vector<Fields>> ReadTsv(const std::string& path,
                                            size_t num_columns) {
  std::ifstream file(path);
  if (!file) return absl::NotFoundError(absl::StrCat(path, ": cannot open"));
  std::vector<Fields> rows;
  std::string line;
  std::getline(file, line);
  while (std::getline(file, line)) {
    Fields fields = absl::StrSplit(line, '\t');
    if (fields.size() != num_columns ||
        fields[0] != absl::StrCat(rows.size())) {
      return absl::InvalidArgumentError(
          absl::StrCat(path, ":", rows.size() + 2, ": want row ", rows.size(),
                       " in ", num_columns, " columns"));
    }
    rows.push_back(std::move(fields));
  }
  return rows;
}

// Rows of the genres in "Crime|Drama".
absl::StatusOr<std::vector<int64_t>> GenreRows(
    const std::string& text, const std::vector<std::string>& genres) {
  std::vector<int64_t> rows;
  for (const absl::string_view name :
       absl::StrSplit(text, '|', absl::SkipEmpty())) {
    const auto found = std::find(genres.begin(), genres.end(), name);
    if (found == genres.end()) {
      return absl::InvalidArgumentError(
          absl::StrCat("genre \"", name, "\" is not in genres.tsv"));
    }
    rows.push_back(found - genres.begin());
  }
  return rows;
}

}  // namespace

absl::StatusOr<Catalog> ReadCatalog(const std::string& data_dir) {
  Catalog catalog;
  auto genres = ReadTsv(data_dir + "/genres.tsv", 2);
  if (!genres.ok()) return genres.status();
  for (Fields& fields : *genres) {
    catalog.genres.push_back(std::move(fields[1]));
  }
  auto items = ReadTsv(data_dir + "/items.tsv", 4);
  if (!items.ok()) return items.status();
  for (Fields& fields : *items) {
    auto rows = GenreRows(fields[3], catalog.genres);
    if (!rows.ok()) return rows.status();
    catalog.films.push_back({std::move(fields[2]), *std::move(rows)});
  }
  return catalog;
}

}  // namespace movietweetings
