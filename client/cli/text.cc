#include "client/cli/text.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace emb {

std::string WithCommas(int64_t number) {
  const std::string digits = absl::StrCat(number);
  std::string text;
  for (size_t i = 0; i < digits.size(); ++i) {
    const bool between = i > 0 && digits[i - 1] != '-';
    if (between && (digits.size() - i) % 3 == 0) text += ',';
    text += digits[i];
  }
  return text;
}

std::string HumanBytes(int64_t bytes) {
  constexpr const char* kUnits[] = {"KiB", "MiB", "GiB", "TiB"};
  if (bytes < 1'024) return absl::StrCat(bytes, " B");
  double size = static_cast<double>(bytes) / 1'024;
  size_t unit = 0;
  while (size >= 1'024 && unit + 1 < std::size(kUnits)) {
    size /= 1'024;
    ++unit;
  }
  return absl::StrFormat("%.1f %s", size, kUnits[unit]);
}

std::string TimeText(absl::Time time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", time, absl::UTCTimeZone());
}

std::string Aligned(const Grid& grid, const std::set<size_t>& to_the_right) {
  std::vector<int> widths(grid.front().size());
  for (const auto& row : grid) {
    for (size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], static_cast<int>(row[i].size()));
    }
  }
  widths.back() = 0;  // No blanks at the end.
  std::string text;
  for (const auto& row : grid) {
    for (size_t i = 0; i < row.size(); ++i) {
      const int width = to_the_right.contains(i) ? widths[i] : -widths[i];
      absl::StrAppendFormat(&text, "%s%*s", i == 0 ? "" : "  ", width, row[i]);
    }
    text += "\n";
  }
  return text;
}

std::string Aligned(const Lines& lines) {
  size_t width = 0;
  for (const auto& [name, value] : lines) width = std::max(width, name.size());
  std::string text;
  for (const auto& [name, value] : lines) {
    absl::StrAppendFormat(&text, "%-*s  %s\n", static_cast<int>(width), name,
                          value);
  }
  return text;
}

}  // namespace emb
