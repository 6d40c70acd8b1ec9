// The films and genres of the example: what their rows are called.
#ifndef EMB_EXAMPLES_MOVIETWEETINGS_CATALOG_H_
#define EMB_EXAMPLES_MOVIETWEETINGS_CATALOG_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace movietweetings {

struct Film {
  std::string title;            // UTF-8, with the year: "The Bank (1915)".
  std::vector<int64_t> genres;  // Rows of table "genre"; may be empty.
};

struct Catalog {
  std::vector<Film> films;          // By row of table "item"; 0 is padding.
  std::vector<std::string> genres;  // By row of table "genre"; 0 is padding.
};

// Reads items.tsv and genres.tsv of `data_dir`.
//
// Errors   NOT_FOUND         a file is missing
//          INVALID_ARGUMENT  a line is not as expected; names file and line
absl::StatusOr<Catalog> ReadCatalog(const std::string& data_dir);

}  // namespace movietweetings

#endif  // EMB_EXAMPLES_MOVIETWEETINGS_CATALOG_H_
