#include "client/formats/choose_tensor.h"

#include <algorithm>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace emb {
namespace {

constexpr size_t kNamesMax = 8;
constexpr size_t kNameBytesMax = 128;

std::string Quoted(absl::string_view name) {
  return absl::StrCat(
      "\"", absl::Utf8SafeCHexEscape(name.substr(0, kNameBytesMax)), "\"");
}

// "a", "b" and 3 more.
std::string ListNames(absl::Span<const std::string> names) {
  std::string list;
  for (size_t i = 0; i < std::min(names.size(), kNamesMax); ++i) {
    absl::StrAppend(&list, i > 0 ? ", " : "", Quoted(names[i]));
  }
  if (names.size() > kNamesMax) {
    absl::StrAppend(&list, " and ", names.size() - kNamesMax, " more");
  }
  return list;
}

}  // namespace

absl::StatusOr<size_t> ChooseTensor(absl::Span<const std::string> names,
                                    const std::optional<std::string>& wanted) {
  if (names.empty()) {
    return absl::InvalidArgumentError("there is no tensor in it");
  }
  if (!wanted) {
    if (names.size() == 1) return size_t{0};
    return absl::InvalidArgumentError(
        absl::StrCat(names.size(), " tensors, want --tensor to name one of ",
                     ListNames(names)));
  }
  const auto found = std::find(names.begin(), names.end(), *wanted);
  if (found == names.end()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "no tensor ", Quoted(*wanted), ", want ", ListNames(names)));
  }
  if (std::find(found + 1, names.end(), *wanted) != names.end()) {
    return absl::InvalidArgumentError(
        absl::StrCat("tensor ", Quoted(*wanted), " is there twice"));
  }
  return static_cast<size_t>(found - names.begin());
}

}  // namespace emb
