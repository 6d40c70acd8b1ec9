#include "server/config_file.h"

#include <cerrno>
#include <fstream>
#include <system_error>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/types/optional.h"
#include "core/status_macros.h"
#include "server/flag_names.h"
#include "server/toml_line.h"

namespace emb {
namespace {

constexpr size_t kNameBytesShown = 64;

absl::string_view Found(TomlValue::Type type) {
  switch (type) {
    case TomlValue::Type::kString:
      return "a string";
    case TomlValue::Type::kInteger:
      return "an integer";
    case TomlValue::Type::kFloat:
      return "a number with a fraction";
    case TomlValue::Type::kBoolean:
      return "a boolean";
  }
  return "";
}

bool IsOfType(const TomlValue& value, ConfigType type) {
  switch (value.type) {
    case TomlValue::Type::kString:
      return type == ConfigType::kText || type == ConfigType::kDuration;
    case TomlValue::Type::kInteger:
      return type == ConfigType::kInteger || type == ConfigType::kNumber;
    case TomlValue::Type::kFloat:
      return type == ConfigType::kNumber;
    case TomlValue::Type::kBoolean:
      return type == ConfigType::kBoolean;
  }
  return false;
}

absl::string_view Wanted(ConfigType type) {
  switch (type) {
    case ConfigType::kText:
      return "a string in quotes";
    case ConfigType::kDuration:
      return "a duration in quotes, such as \"90s\"";
    case ConfigType::kInteger:
      return "an integer";
    case ConfigType::kNumber:
      return "a number";
    case ConfigType::kBoolean:
      return "true or false";
  }
  return "";
}

absl::Status CheckLine(const TomlLine& line,
                       const std::vector<ConfigKey>& keys) {
  const std::string shown = line.key.substr(0, kNameBytesShown);
  const auto key = absl::c_find_if(
      keys, [&](const ConfigKey& k) { return k.name == line.key; });
  if (key == keys.end()) {
    std::vector<std::string> names;
    names.reserve(keys.size());
    for (const ConfigKey& k : keys) names.push_back(k.name);
    return absl::InvalidArgumentError(
        absl::StrCat(shown, ": there is no such key",
                     DidYouMean("", NearestName(line.key, names))));
  }
  if (IsOfType(line.value, key->type)) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      shown, ": found ", Found(line.value.type), ", want ", Wanted(key->type)));
}

// The line's entry, if it has one.
absl::Status AppendEntry(absl::string_view text, int line,
                         const std::vector<ConfigKey>& keys,
                         std::vector<ConfigEntry>* entries) {
  EMB_ASSIGN_OR_RETURN(absl::optional<TomlLine> parsed, ParseTomlLine(text));
  if (!parsed) return absl::OkStatus();
  EMB_RETURN_IF_ERROR(CheckLine(*parsed, keys));
  for (const ConfigEntry& earlier : *entries) {
    if (earlier.name != parsed->key) continue;
    return absl::InvalidArgumentError(absl::StrCat(
        parsed->key, ": is there twice, also in line ", earlier.line));
  }
  entries->push_back(
      {std::move(parsed->key), std::move(parsed->value.text), line});
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<ConfigEntry>> ParseConfig(
    absl::string_view text, absl::string_view path,
    const std::vector<ConfigKey>& keys) {
  if (text.size() > kConfigBytesMax) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": ", text.size(), " bytes and more, want ",
                     kConfigBytesMax, " at most"));
  }
  // Some programs put a mark of UTF-8 in front of a file.
  absl::ConsumePrefix(&text, "\xef\xbb\xbf");
  std::vector<ConfigEntry> entries;
  int line = 0;
  for (const absl::string_view line_text : absl::StrSplit(text, '\n')) {
    ++line;
    if (const absl::Status status =
            AppendEntry(line_text, line, keys, &entries);
        !status.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat(path, ":", line, ": ", status.message()));
    }
  }
  return entries;
}

absl::StatusOr<std::vector<ConfigEntry>> ReadConfigFile(
    const std::string& path, const std::vector<ConfigKey>& keys) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  // One byte more than it may have, to see that there are more.
  std::string text(kConfigBytesMax + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!file.is_open() || file.bad()) {
    return absl::InvalidArgumentError(absl::StrCat(
        path, ": cannot be read: ", std::generic_category().message(errno)));
  }
  text.resize(static_cast<size_t>(file.gcount()));
  return ParseConfig(text, path, keys);
}

std::string ConfigLine(const ConfigKey& key, absl::string_view value) {
  const bool is_text =
      key.type == ConfigType::kText || key.type == ConfigType::kDuration;
  return absl::StrCat(key.name, " = ",
                      is_text ? QuoteToml(value) : std::string(value));
}

}  // namespace emb
