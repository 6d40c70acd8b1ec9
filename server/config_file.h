// Reads and writes configuration files: flat TOML (server/toml_line.h) whose
// keys are the names of flags.
#ifndef EMB_SERVER_CONFIG_FILE_H_
#define EMB_SERVER_CONFIG_FILE_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace emb {

// Of a file.
constexpr size_t kConfigBytesMax = size_t{64} << 10;

// What a key's value is in TOML. Sizes are text; durations are text such as
// "10m".
enum class ConfigType { kText, kDuration, kInteger, kNumber, kBoolean };

struct ConfigKey {
  std::string name;
  ConfigType type = ConfigType::kText;
};

// A key that a file sets. `value` is text as the flag's parser reads it.
struct ConfigEntry {
  std::string name;
  std::string value;
  int line = 0;  // From 1.
};

// The entries of a file, by line. `path` is for messages.
//
// Errors   INVALID_ARGUMENT  no TOML, a key that is not among `keys`, a value
//                            of another type, or over kConfigBytesMax; names
//                            file, line, key and what was meant.
absl::StatusOr<std::vector<ConfigEntry>> ParseConfig(
    absl::string_view text, absl::string_view path,
    const std::vector<ConfigKey>& keys);

// ParseConfig of a file's content.
//
// Errors   INVALID_ARGUMENT  the file cannot be read, too.
absl::StatusOr<std::vector<ConfigEntry>> ReadConfigFile(
    const std::string& path, const std::vector<ConfigKey>& keys);

// "name = value" as ParseConfig reads it, if the value is UTF-8; no newline.
std::string ConfigLine(const ConfigKey& key, absl::string_view value);

}  // namespace emb

#endif  // EMB_SERVER_CONFIG_FILE_H_
