#include "server/server_flags.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/flags/reflection.h"
#include "absl/flags/usage.h"
#include "absl/flags/usage_config.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "core/status_macros.h"
#include "server/environment.h"
#include "server/flag_definitions.h"
#include "server/flag_names.h"
#include "server/flag_options.h"
#include "server/log.h"
#include "server/server.h"

namespace emb {
namespace {

constexpr absl::string_view kUsage =
    "Serves embedding tables: keeps them in memory and on disk, and answers\n"
    "batched lookups over gRPC.\n\n"
    "  embedding-server --data_dir=/var/lib/emb\n\n"
    "Then make a table with embctl. Every flag can also be set in the\n"
    "environment, --data_dir as EMB_DATA_DIR, or in the file of --config, as\n"
    "data_dir = \"/var/lib/emb\".\n";

// Known to the parser alone.
constexpr absl::string_view kParserFlags[] = {
    "help",        "helpfull",  "helpmatch", "helpon",
    "helppackage", "helpshort", "version",   "only_check_args"};

// The flags that the command line gives. absl::flags would end the process for
// one that there is not, and suggest nothing for --data-dir; and it has flags
// of its own that read others from elsewhere, which would be a fifth layer.
absl::StatusOr<std::vector<std::string>> GivenFlagNames(int argc, char** argv) {
  const std::vector<std::string> known = ServerFlagNames();
  std::vector<std::string> given;
  for (int i = 1; i < argc; ++i) {
    absl::string_view arg = argv[i];
    if (arg == "--") break;
    if (!absl::ConsumePrefix(&arg, "-") || arg.empty()) continue;
    absl::ConsumePrefix(&arg, "-");
    absl::string_view name = arg.substr(0, arg.find('='));
    if (absl::c_linear_search(kParserFlags, name)) continue;
    const bool has_value = name.size() < arg.size();
    const bool is_negation = !absl::c_linear_search(known, name) &&
                             absl::ConsumePrefix(&name, "no") &&
                             absl::c_linear_search(known, name);
    if (!absl::c_linear_search(known, name)) {
      const absl::string_view wanted = arg.substr(0, arg.find('='));
      const std::string nearest = NearestName(wanted, known);
      return absl::InvalidArgumentError(absl::StrCat(
          "--", wanted.substr(0, 64), ": there is no such flag",
          nearest.empty() ? ", see --help" : DidYouMean("--", nearest)));
    }
    given.emplace_back(name);
    // A value of its own, which may begin with a dash.
    const bool is_bool = absl::FindCommandLineFlag(name)->IsOfType<bool>();
    if (!is_negation && !is_bool && !has_value) ++i;
  }
  return given;
}

// Before the first warning. A level that there is not is refused with the
// other options.
void SetLogLevelFromFlag() {
  if (const auto level = ParseLogLevel(absl::GetFlag(FLAGS_log_level));
      level.ok()) {
    SetLogLevel(*level);
  }
}

void SetUsage() {
  absl::SetProgramUsageMessage(kUsage);
  absl::FlagsUsageConfig config;
  config.contains_help_flags = IsServerFlagFile;
  config.version_string = [] {
    return absl::StrCat("embedding-server ", ServerVersion(), "\n");
  };
  absl::SetFlagsUsageConfig(config);
}

}  // namespace

absl::StatusOr<Configuration> ParseServerFlags(int argc, char** argv) {
  SetUsage();
  static char help[] = "--help";
  for (int i = 1; i < argc; ++i) {
    if (absl::string_view(argv[i]) == "-h") argv[i] = help;
  }
  EMB_ASSIGN_OR_RETURN(const std::vector<std::string> names,
                       GivenFlagNames(argc, argv));
  const std::vector<char*> rest = absl::ParseCommandLine(argc, argv);
  if (rest.size() > 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", rest[1], "\": want flags only, see --help"));
  }
  Configuration::Values given;
  for (const std::string& name : names) {
    given[name] = absl::FindCommandLineFlag(name)->CurrentValue();
  }
  EMB_ASSIGN_OR_RETURN(Configuration configuration,
                       Configuration::Read(std::move(given)));
  SetLogLevelFromFlag();
  WarnOfUnknownVariables();
  return configuration;
}

}  // namespace emb
