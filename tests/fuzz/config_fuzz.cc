// Any bytes as a configuration file. What is read is what was written: printed
// again, it gives the same entries.
//
//   ./dev test --fuzz
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "server/config_file.h"

namespace emb {
namespace {

void Check(bool holds) {
  if (!holds) std::abort();
}

const std::vector<ConfigKey>& Keys() {
  static const auto* const keys =
      new std::vector<ConfigKey>{{"text", ConfigType::kText},
                                 {"duration", ConfigType::kDuration},
                                 {"integer", ConfigType::kInteger},
                                 {"number", ConfigType::kNumber},
                                 {"boolean", ConfigType::kBoolean}};
  return *keys;
}

const ConfigKey& KeyOf(const std::string& name) {
  for (const ConfigKey& key : Keys()) {
    if (key.name == name) return key;
  }
  std::abort();
}

void TestOneInput(absl::string_view text) {
  const auto entries = ParseConfig(text, "file", Keys());
  if (!entries.ok()) {
    Check(absl::IsInvalidArgument(entries.status()));
    Check(absl::StartsWith(entries.status().message(), "file:"));
    return;
  }
  Check(entries->size() <= Keys().size());
  std::string printed;
  for (const ConfigEntry& entry : *entries) {
    Check(entry.line >= 1);
    absl::StrAppend(&printed, ConfigLine(KeyOf(entry.name), entry.value), "\n");
  }
  // Escapes take up to six times as much.
  if (printed.size() > kConfigBytesMax) return;
  const auto again = ParseConfig(printed, "printed", Keys());
  Check(again.ok() && again->size() == entries->size());
  for (size_t i = 0; i < entries->size(); ++i) {
    Check((*again)[i].name == (*entries)[i].name);
    Check((*again)[i].value == (*entries)[i].value);
  }
}

}  // namespace
}  // namespace emb

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  emb::TestOneInput({reinterpret_cast<const char*>(data), size});
  return 0;
}
