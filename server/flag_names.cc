#include "server/flag_names.h"

#include <algorithm>
#include <cstddef>
#include <numeric>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

namespace emb {
namespace {

std::string Folded(absl::string_view name) {
  return absl::StrReplaceAll(absl::AsciiStrToLower(name), {{"-", "_"}});
}

// The letters to insert, delete or change. Source: Wagner and Fischer, 1974.
size_t EditDistance(absl::string_view a, absl::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t changed = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({changed, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row.back();
}

// One whole word more or less is a likely mistake: listen_addr, memory.
bool SharesAWord(absl::string_view a, absl::string_view b) {
  return absl::StartsWith(a, absl::StrCat(b, "_")) ||
         absl::StartsWith(b, absl::StrCat(a, "_"));
}

}  // namespace

std::string NearestName(absl::string_view given,
                        const std::vector<std::string>& names) {
  const std::string wanted = Folded(given.substr(0, 64));
  std::string nearest;
  // A third of the letters may be wrong.
  size_t best = wanted.size() / 3 + 1;
  for (const std::string& name : names) {
    const std::string folded = Folded(name);
    const size_t distance = EditDistance(wanted, folded);
    if (distance < best) {
      best = distance;
      nearest = name;
    }
  }
  if (!nearest.empty()) return nearest;
  for (const std::string& name : names) {
    if (SharesAWord(wanted, Folded(name))) return name;
  }
  return "";
}

std::string DidYouMean(absl::string_view prefix, absl::string_view nearest) {
  if (nearest.empty()) return "";
  return absl::StrCat("; did you mean ", prefix, nearest, "?");
}

}  // namespace emb
