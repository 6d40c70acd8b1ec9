#include "server/configuration.h"

#include <cstdint>
#include <cstdlib>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/flags/flag.h"
#include "absl/flags/reflection.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "core/status_macros.h"
#include "server/environment.h"
#include "server/flag_definitions.h"
#include "server/flag_options.h"

namespace emb {
namespace {

// These say what to do, not how to serve. In a file they would be a server
// that does not serve.
constexpr absl::string_view kCommandLineOnly[] = {"config", "print_config",
                                                  "check_config", "salvage"};

ConfigType TypeOf(const absl::CommandLineFlag& flag) {
  if (flag.IsOfType<bool>()) return ConfigType::kBoolean;
  if (flag.IsOfType<int>() || flag.IsOfType<int64_t>()) {
    return ConfigType::kInteger;
  }
  if (flag.IsOfType<double>()) return ConfigType::kNumber;
  if (flag.IsOfType<absl::Duration>()) return ConfigType::kDuration;
  return ConfigType::kText;
}

// The flag's own spelling of the value: "60s" and "1m" are no change.
absl::StatusOr<std::string> SetFlag(absl::string_view name,
                                    absl::string_view value,
                                    absl::string_view where) {
  absl::CommandLineFlag* const flag = absl::FindCommandLineFlag(name);
  std::string error;
  if (flag->ParseFrom(value, &error)) return flag->CurrentValue();
  return absl::InvalidArgumentError(
      absl::StrCat(where, ": \"", value, "\": ", error));
}

// Which file it is comes from the layers above the file.
std::string ConfigPath(const Configuration::Values& given) {
  const auto config = given.find("config");
  if (config != given.end()) return config->second;
  return ValueFromEnvironment("config").value_or("");
}

}  // namespace

std::vector<ConfigKey> ConfigKeys() {
  std::vector<ConfigKey> keys;
  for (std::string& name : ServerFlagNames()) {
    if (absl::c_linear_search(kCommandLineOnly, name)) continue;
    const ConfigType type = TypeOf(*absl::FindCommandLineFlag(name));
    keys.push_back({std::move(name), type});
  }
  return keys;
}

absl::StatusOr<Configuration::Settings> Configuration::ReadLayers() const {
  Settings settings;
  const auto set = [&settings](const std::string& name,
                               const std::string& value,
                               const std::string& where,
                               const std::string& source) -> absl::Status {
    EMB_ASSIGN_OR_RETURN(std::string text, SetFlag(name, value, where));
    settings[name] = {std::move(text), source};
    return absl::OkStatus();
  };
  for (const std::string& name : ServerFlagNames()) {
    const std::string value = absl::FindCommandLineFlag(name)->DefaultValue();
    EMB_RETURN_IF_ERROR(set(name, value, name, "default"));
  }
  if (const std::string path = ConfigPath(given_); !path.empty()) {
    EMB_ASSIGN_OR_RETURN(const std::vector<ConfigEntry> entries,
                         ReadConfigFile(path, ConfigKeys()));
    for (const ConfigEntry& entry : entries) {
      const std::string where = absl::StrCat(path, ":", entry.line);
      EMB_RETURN_IF_ERROR(set(entry.name, entry.value,
                              absl::StrCat(where, ": ", entry.name),
                              absl::StrCat("file, line ", entry.line)));
    }
  }
  for (const std::string& name : ServerFlagNames()) {
    const std::string variable = VariableOf(name);
    if (const auto value = ValueFromEnvironment(name)) {
      EMB_RETURN_IF_ERROR(
          set(name, *value, variable, absl::StrCat("environment, ", variable)));
    }
  }
  for (const auto& [name, value] : given_) {
    EMB_RETURN_IF_ERROR(set(name, value, absl::StrCat("--", name), "flag"));
  }
  return settings;
}

absl::StatusOr<Configuration> Configuration::Read(Values given) {
  Configuration configuration(std::move(given));
  EMB_ASSIGN_OR_RETURN(configuration.settings_, configuration.ReadLayers());
  return configuration;
}

absl::StatusOr<std::string> Configuration::ToToml() const {
  std::string text = absl::StrCat("# The configuration of embedding-server ",
                                  ServerVersion(), "\n");
  const std::string& path = settings_.at("config").value;
  if (!path.empty()) {
    absl::StrAppend(&text, ConfigLine({.name = "# config"}, path), "\n");
  }
  for (const ConfigKey& key : ConfigKeys()) {
    const Setting& setting = settings_.at(key.name);
    absl::StrAppend(&text, ConfigLine(key, setting.value), "  # ",
                    setting.source, "\n");
  }
  EMB_RETURN_IF_ERROR(
      ParseConfig(text, "--print_config", ConfigKeys()).status());
  return text;
}

absl::StatusOr<Configuration::Changes> Configuration::Reload(
    const std::function<absl::Status(const ServerOptions&)>& apply) {
  const Settings before = settings_;
  auto changes = ApplyReloadable(apply);
  if (changes.ok()) return changes;
  settings_ = before;
  for (const auto& [name, setting] : settings_) {
    EMB_RETURN_IF_ERROR(SetFlag(name, setting.value, name).status());
  }
  return changes;
}

absl::StatusOr<Configuration::Changes> Configuration::ApplyReloadable(
    const std::function<absl::Status(const ServerOptions&)>& apply) {
  EMB_ASSIGN_OR_RETURN(Settings read, ReadLayers());
  // A file that a restart would refuse is refused now.
  EMB_RETURN_IF_ERROR(OptionsFromFlags().status());
  Changes changes;
  for (auto& [name, setting] : read) {
    const Setting& before = settings_.at(name);
    if (setting.value == before.value) continue;
    const Change change = {name, before.value, setting.value};
    if (IsReloadable(name)) {
      changes.applied.push_back(change);
      continue;
    }
    changes.need_restart.push_back(change);
    setting = before;
    EMB_RETURN_IF_ERROR(SetFlag(name, before.value, name).status());
  }
  // What is new with what stays as it was may not go together.
  EMB_ASSIGN_OR_RETURN(const ServerOptions options, OptionsFromFlags());
  EMB_RETURN_IF_ERROR(apply(options));
  settings_ = std::move(read);
  return changes;
}

}  // namespace emb
