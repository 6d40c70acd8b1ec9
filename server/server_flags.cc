#include "server/server_flags.h"

#include <string>
#include <vector>

#include "absl/algorithm/container.h"
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

namespace emb {
namespace {

constexpr absl::string_view kUsage =
    "Serves embedding tables: keeps them in memory and on disk, and answers\n"
    "batched lookups over gRPC.\n\n"
    "  embedding-server --data_dir=/var/lib/emb\n\n"
    "Then make a table with embctl. Every flag can also be set in the\n"
    "environment: --data_dir as EMB_DATA_DIR.\n";

// Known to the parser alone.
constexpr absl::string_view kParserFlags[] = {
    "help",        "helpfull",  "helpmatch", "helpon",
    "helppackage", "helpshort", "version",   "only_check_args"};

// absl::flags would end the process, and suggest nothing for --data-dir.
absl::Status CheckFlagNames(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    absl::string_view arg = argv[i];
    if (arg == "--") break;
    if (!absl::ConsumePrefix(&arg, "-") || arg.empty()) continue;
    absl::ConsumePrefix(&arg, "-");
    const absl::string_view name = arg.substr(0, arg.find('='));
    const absl::CommandLineFlag* const flag = absl::FindCommandLineFlag(name);
    const bool is_negation =
        absl::StartsWith(name, "no") &&
        absl::FindCommandLineFlag(name.substr(2)) != nullptr;
    if (absl::c_linear_search(kParserFlags, name)) continue;
    if (flag == nullptr && !is_negation) {
      const std::string nearest = NearestName(name, ServerFlagNames());
      return absl::InvalidArgumentError(absl::StrCat(
          "--", name.substr(0, 64), ": there is no such flag",
          nearest.empty() ? ", see --help" : DidYouMean("--", nearest)));
    }
    // A value of its own, which may begin with a dash.
    const bool has_value = name.size() < arg.size();
    if (flag != nullptr && !flag->IsOfType<bool>() && !has_value) ++i;
  }
  return absl::OkStatus();
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

absl::StatusOr<ServerOptions> ParseServerFlags(int argc, char** argv) {
  SetUsage();
  static char help[] = "--help";
  for (int i = 1; i < argc; ++i) {
    if (absl::string_view(argv[i]) == "-h") argv[i] = help;
  }
  EMB_RETURN_IF_ERROR(CheckFlagNames(argc, argv));
  EMB_RETURN_IF_ERROR(SetFlagsFromEnvironment());
  const std::vector<char*> rest = absl::ParseCommandLine(argc, argv);
  if (rest.size() > 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", rest[1], "\": want flags only, see --help"));
  }
  WarnOfUnknownVariables();
  return OptionsFromFlags();
}

}  // namespace emb
