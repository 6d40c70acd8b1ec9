// Numbers, times and tables as text for people.
#ifndef EMB_CLIENT_CLI_TEXT_H_
#define EMB_CLIENT_CLI_TEXT_H_

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"

namespace emb {

// "1,048,576" and "2.4 MiB".
std::string WithCommas(int64_t number);
std::string HumanBytes(int64_t bytes);

// "2026-11-23T23:52:13Z".
std::string TimeText(absl::Time time);

// Rows of cells, the first one a heading; columns in `to_the_right` hold
// numbers.
using Grid = std::vector<std::vector<std::string>>;
std::string Aligned(const Grid& grid, const std::set<size_t>& to_the_right);

// A name and its value, one line each.
using Lines = std::vector<std::pair<std::string, std::string>>;
std::string Aligned(const Lines& lines);

}  // namespace emb

#endif  // EMB_CLIENT_CLI_TEXT_H_
