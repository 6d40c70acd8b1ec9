// Prints docs/flags.md from the flags themselves:
//
//   build/release/bin/print_flags >docs/flags.md
#include <cstdio>
#include <cstdlib>
#include <initializer_list>
#include <set>
#include <string>

#include "absl/flags/reflection.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "server/configuration.h"
#include "server/flag_definitions.h"

namespace emb {
namespace {

// Every flag is in one group; CheckGroups says which is not.
struct Group {
  const char* title;
  std::initializer_list<const char*> flags;
};
const Group kGroups[] = {
    {"What to do", {"config", "print_config", "check_config", "salvage"}},
    {"Places",
     {"data_dir", "backup_dir", "listen", "admin_listen", "http_listen"}},
    {"Security",
     {"tls_cert", "tls_key", "tls_client_ca", "token_file", "insecure"}},
    {"Log", {"log_level", "lookup_log_sampling"}},
    {"Memory and versions",
     {"memory_limit", "keep_versions", "keep_versions_for", "swap_policy"}},
    {"Updates and the disk",
     {"durability", "fold_interval", "fold_rate", "import_idle_timeout"}},
    {"Starting and stopping",
     {"load_threads", "drain_delay", "drain_timeout", "self_probe_interval"}},
    {"Limits",
     {"request_bytes_max", "update_bytes_max", "answer_bytes_max",
      "request_ids_max", "request_features_max", "shape_dims_max", "tables_max",
      "dim_max"}},
    {"Overload",
     {"inflight_requests_max", "inflight_bytes_max", "queue_timeout"}},
};

constexpr char kHead[] =
    "# Flags of embedding-server\n\n"
    "Each flag is also a variable of the environment, `--data_dir` as\n"
    "`EMB_DATA_DIR`, and but for the first group a key of the TOML file that\n"
    "`--config` names, `data_dir = \"/var/lib/emb\"`. The command line wins "
    "over "
    "the\nenvironment, and that over the file. Sizes are strings such as "
    "`\"512MiB\"`,\ndurations strings such as `\"90s\"` or `\"1h30m\"`; files "
    "have at most 64 KiB, and\none `key = value` in a line.\n\n"
    "`embedding-server --print_config` prints all settings and where each "
    "comes\n"
    "from, `--check_config` checks them. SIGHUP reads file and environment "
    "again:\nsettings marked **reload** change in the server that runs; others "
    "that differ are\nlogged as `setting_needs_restart`, and a file with a "
    "mistake changes nothing.\n\n"
    "This page is printed by `build/release/bin/print_flags >docs/flags.md`.\n";

const char* TypeName(ConfigType type) {
  switch (type) {
    case ConfigType::kText:
      return "string";
    case ConfigType::kDuration:
      return "duration";
    case ConfigType::kInteger:
      return "integer";
    case ConfigType::kNumber:
      return "number";
    case ConfigType::kBoolean:
      return "boolean";
  }
  return "";
}

// The key's type; of what is no key, how it is given on the command line.
std::string TypeOf(const absl::CommandLineFlag& flag) {
  for (const ConfigKey& key : ConfigKeys()) {
    if (key.name == flag.Name()) return TypeName(key.type);
  }
  return flag.IsOfType<bool>() ? "flag only" : "flag only, string";
}

std::string Row(const absl::CommandLineFlag& flag) {
  const std::string value = flag.DefaultValue();
  return absl::StrCat(
      "| `--", flag.Name(), "` | ", TypeOf(flag), " | ",
      value.empty() ? "" : absl::StrCat("`", value, "`"), " | ",
      absl::StrReplaceAll(flag.Help(), {{"|", "\\|"}, {"<", "&lt;"}}),
      IsReloadable(flag.Name()) ? " **reload**" : "", " |\n");
}

// A flag without a group would be missing from the page.
bool CheckGroups() {
  std::multiset<std::string> grouped;
  for (const Group& group : kGroups) {
    for (const char* const name : group.flags) grouped.insert(name);
  }
  bool complete = true;
  const auto complain = [&complete](const std::string& name, const char* why) {
    std::fprintf(stderr, "print_flags: --%s %s; see kGroups in %s\n",
                 name.c_str(), why, __FILE__);
    complete = false;
  };
  for (const std::string& name : ServerFlagNames()) {
    if (grouped.count(name) == 0) complain(name, "is in no group");
    if (grouped.count(name) > 1) complain(name, "is in several groups");
    grouped.erase(name);
  }
  for (const std::string& name : grouped) complain(name, "is no flag");
  return complete;
}

int Run() {
  if (!CheckGroups()) return EXIT_FAILURE;
  std::string page = kHead;
  for (const Group& group : kGroups) {
    absl::StrAppend(&page, "\n## ", group.title,
                    "\n\n| flag | type | default | |\n|---|---|---|---|\n");
    for (const char* const name : group.flags) {
      absl::StrAppend(&page, Row(*absl::FindCommandLineFlag(name)));
    }
  }
  const bool written =
      std::fputs(page.c_str(), stdout) >= 0 && std::fflush(stdout) == 0;
  return written ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace
}  // namespace emb

int main() { return emb::Run(); }
