#include "server/byte_size.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"

namespace emb {
namespace {

struct Unit {
  absl::string_view suffix;
  int shift;
};

constexpr Unit kUnits[] = {{"KiB", 10}, {"MiB", 20}, {"GiB", 30}, {"TiB", 40}};

// "12,884,901,888".
std::string GroupDigits(int64_t number) {
  std::string text = absl::StrCat(number);
  for (size_t i = text.size(); i > 3; i -= 3) text.insert(i - 3, ",");
  return text;
}

}  // namespace

absl::StatusOr<int64_t> ParseByteSize(absl::string_view text) {
  absl::string_view digits = text;
  int shift = 0;
  for (const Unit& unit : kUnits) {
    if (absl::ConsumeSuffix(&digits, unit.suffix)) {
      shift = unit.shift;
      break;
    }
  }
  // SimpleAtoi would also take signs and blanks.
  const bool plain =
      std::all_of(digits.begin(), digits.end(), absl::ascii_isdigit);
  int64_t count = 0;
  if (!plain || !absl::SimpleAtoi(digits, &count) || count < 1 ||
      count > (INT64_MAX >> shift)) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", text.substr(0, 64),
                     "\", want bytes, or a number with KiB, MiB, GiB or TiB"));
  }
  return count << shift;
}

std::string FormatByteSize(int64_t bytes) {
  const Unit* largest = nullptr;
  for (const Unit& unit : kUnits) {
    if (bytes >> unit.shift > 0) largest = &unit;
  }
  if (largest == nullptr) return absl::StrCat(bytes, " bytes");
  return absl::StrFormat("%.1f %s (%s bytes)",
                         static_cast<double>(bytes) /
                             static_cast<double>(int64_t{1} << largest->shift),
                         largest->suffix, GroupDigits(bytes));
}

}  // namespace emb
