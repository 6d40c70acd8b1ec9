#include "server/server_flags.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/flags/reflection.h"
#include "absl/flags/usage.h"
#include "absl/flags/usage_config.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "core/status_macros.h"
#include "core/table_spec.h"
#include "server/byte_size.h"
#include "server/flag_names.h"
#include "server/log.h"

// Sizes are text such as "4MiB".
ABSL_FLAG(std::string, data_dir, "",
          "Directory of the tables; created if absent. Required.");
ABSL_FLAG(std::string, listen, "127.0.0.1:50051",
          "Where lookups are answered: HOST:PORT or unix:PATH; port 0 takes "
          "any free one.");
ABSL_FLAG(std::string, admin_listen, "127.0.0.1:50052",
          "Where tables are administered: HOST:PORT or unix:PATH.");
ABSL_FLAG(bool, insecure, false,
          "Allow plain text on addresses that other machines can reach.");
ABSL_FLAG(std::string, backup_dir, "",
          "Directory below which embctl backup puts backups, and restore finds "
          "them. Default: there are none.");
ABSL_FLAG(std::string, salvage, "",
          "Do not serve: copy what can be read of a store whose log is damaged "
          "into this directory, say what is lost, and exit.");
ABSL_FLAG(std::string, memory_limit, "",
          "Memory that tables may take, such as 12GiB. Default: 80 % of the "
          "cgroup's or the machine's.");
ABSL_FLAG(int64_t, keep_versions, 2,
          "Versions of a table kept on disk, the current one among them; 1: "
          "no other.");
ABSL_FLAG(absl::Duration, keep_versions_for, absl::ZeroDuration(),
          "Older versions are kept too while they are younger than this, such "
          "as 72h.");
ABSL_FLAG(std::string, swap_policy, "load-first",
          "How a version takes the place of another: load-first, beside it; "
          "unload-first, when that has gone from memory, and lookups of the "
          "table answer UNAVAILABLE meanwhile.");
ABSL_FLAG(std::string, durability, "sync",
          "When row updates are acknowledged: sync, once they are on disk; "
          "interval, once they are written, and they are synced every second; "
          "async, once they are written. All survive the end of the process, "
          "only sync that of power. Creates, imports and the like are synced "
          "always.");
ABSL_FLAG(absl::Duration, fold_interval, absl::Minutes(10),
          "A table of which half the rows or more were updated is written "
          "anew, in the background, at most so often.");
ABSL_FLAG(std::string, fold_rate, "64MiB",
          "Bytes that this writes in a second, at most.");
ABSL_FLAG(int, load_threads, 2, "Threads that read tables at the start.");
ABSL_FLAG(absl::Duration, import_idle_timeout, absl::Seconds(60),
          "An import that sends nothing for so long is given up.");
ABSL_FLAG(absl::Duration, drain_delay, absl::Seconds(5),
          "On SIGTERM: time between \"not serving\" and the end of listening, "
          "for callers to go elsewhere.");
ABSL_FLAG(absl::Duration, drain_timeout, absl::Seconds(20),
          "On SIGTERM: time for calls in flight to finish after that.");
ABSL_FLAG(std::string, request_bytes_max, "4MiB", "Largest request message.");
ABSL_FLAG(std::string, update_bytes_max, "64MiB",
          "Largest message that replaces rows.");
ABSL_FLAG(std::string, answer_bytes_max, "64MiB",
          "Most bytes of values in an answer.");
ABSL_FLAG(int64_t, request_ids_max, 262'144, "Most ids in a lookup.");
ABSL_FLAG(int64_t, request_features_max, 1'024, "Most features in a lookup.");
ABSL_FLAG(int64_t, shape_dims_max, 16, "Most axes in a dense shape.");
ABSL_FLAG(int64_t, tables_max, 10'000, "Most tables.");
ABSL_FLAG(int64_t, dim_max, 65'536, "Largest dim of a table.");

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

// Variables of embctl, the tests and the scripts.
constexpr absl::string_view kOtherVariables[] = {
    "EMB_ADMIN",  "EMB_BIN_DIR",    "EMB_FUZZ_SECONDS", "EMB_GOLDEN_DIR",
    "EMB_SERVER", "EMB_SLOW_BUILD", "EMB_TEST_SEED"};

bool IsServerFlag(const absl::CommandLineFlag& flag) {
  return absl::EndsWith(flag.Filename(), "server/server_flags.cc");
}

std::string VariableOf(absl::string_view flag_name) {
  return absl::StrCat("EMB_", absl::AsciiStrToUpper(flag_name));
}

std::vector<std::string> ServerFlagNames() {
  std::vector<std::string> names;
  for (const auto& [name, flag] : absl::GetAllFlags()) {
    if (IsServerFlag(*flag)) names.emplace_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

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

// A setting that does nothing looks like one that does. It is no error, since
// others may use the prefix.
void WarnOfUnknownVariables() {
  const std::vector<std::string> names = ServerFlagNames();
  std::vector<std::string> variables;
  variables.reserve(names.size());
  for (const std::string& name : names) variables.push_back(VariableOf(name));
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const absl::string_view text = *entry;
    const std::string variable(text.substr(0, text.find('=')));
    if (!absl::StartsWith(variable, "EMB_") ||
        absl::c_linear_search(variables, variable) ||
        absl::c_linear_search(kOtherVariables, variable)) {
      continue;
    }
    const std::string nearest = NearestName(variable.substr(4), names);
    Log(LogLevel::kWarning, "unknown_variable",
        {{"variable", variable},
         {"message",
          absl::StrCat(
              "no flag of this server is set by it",
              nearest.empty() ? "" : DidYouMean("", VariableOf(nearest)))}});
  }
}

// Before the command line is parsed, which then wins.
absl::Status SetFlagsFromEnvironment() {
  for (const auto& [name, flag] : absl::GetAllFlags()) {
    if (!IsServerFlag(*flag)) continue;
    const std::string variable = VariableOf(name);
    const char* const value = std::getenv(variable.c_str());
    std::string error;
    if (value != nullptr && !flag->ParseFrom(value, &error)) {
      return absl::InvalidArgumentError(
          absl::StrCat(variable, ": \"", value, "\": ", error));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<int64_t> SizeFlag(absl::string_view name,
                                 const std::string& text) {
  auto size = ParseByteSize(text);
  if (size.ok()) return size;
  return absl::InvalidArgumentError(
      absl::StrCat("--", name, ": ", size.status().message()));
}

absl::Status CheckRange(absl::string_view name, int64_t value, int64_t min,
                        int64_t max) {
  if (value >= min && value <= max) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("--", name, ": ", value, ", want ", min, " to ", max));
}

absl::StatusOr<SwapPolicy> ParseSwapPolicy(const std::string& name) {
  if (name == "load-first") return SwapPolicy::kLoadFirst;
  if (name == "unload-first") return SwapPolicy::kUnloadFirst;
  return absl::InvalidArgumentError(absl::StrCat(
      "--swap_policy: \"", name, "\", want load-first or unload-first"));
}

absl::StatusOr<Durability> ParseDurability(const std::string& name) {
  if (name == "sync") return Durability::kSync;
  if (name == "interval") return Durability::kInterval;
  if (name == "async") return Durability::kAsync;
  return absl::InvalidArgumentError(absl::StrCat(
      "--durability: \"", name, "\", want sync, interval or async"));
}

absl::StatusOr<Limits> LimitsFromFlags() {
  Limits limits;
  EMB_ASSIGN_OR_RETURN(
      limits.request_bytes_max,
      SizeFlag("request_bytes_max", absl::GetFlag(FLAGS_request_bytes_max)));
  EMB_ASSIGN_OR_RETURN(
      limits.update_bytes_max,
      SizeFlag("update_bytes_max", absl::GetFlag(FLAGS_update_bytes_max)));
  EMB_ASSIGN_OR_RETURN(
      limits.answer_bytes_max,
      SizeFlag("answer_bytes_max", absl::GetFlag(FLAGS_answer_bytes_max)));
  limits.request_ids_max = absl::GetFlag(FLAGS_request_ids_max);
  limits.request_features_max = absl::GetFlag(FLAGS_request_features_max);
  limits.shape_dims_max = absl::GetFlag(FLAGS_shape_dims_max);
  limits.tables_max = absl::GetFlag(FLAGS_tables_max);
  limits.dim_max = absl::GetFlag(FLAGS_dim_max);
  // gRPC counts message bytes in an int. An import's parts of 1 MiB and their
  // framing must fit.
  EMB_RETURN_IF_ERROR(CheckRange("request_bytes_max", limits.request_bytes_max,
                                 2 << 20, INT32_MAX));
  EMB_RETURN_IF_ERROR(
      CheckRange("update_bytes_max", limits.update_bytes_max, 1, INT32_MAX));
  EMB_RETURN_IF_ERROR(CheckRange("answer_bytes_max", limits.answer_bytes_max, 1,
                                 INT32_MAX / 2));
  const struct {
    absl::string_view name;
    int64_t value;
  } counts[] = {{"request_ids_max", limits.request_ids_max},
                {"request_features_max", limits.request_features_max},
                {"shape_dims_max", limits.shape_dims_max},
                {"tables_max", limits.tables_max}};
  for (const auto& count : counts) {
    EMB_RETURN_IF_ERROR(CheckRange(count.name, count.value, 1, INT32_MAX));
  }
  EMB_RETURN_IF_ERROR(CheckRange("dim_max", limits.dim_max, 1, kDimMax));
  return limits;
}

absl::StatusOr<ServerOptions> OptionsFromFlags() {
  ServerOptions options;
  options.data_dir = absl::GetFlag(FLAGS_data_dir);
  if (options.data_dir.empty()) {
    return absl::InvalidArgumentError(
        "--data_dir: not given, want the directory to keep tables in");
  }
  options.listen = absl::GetFlag(FLAGS_listen);
  options.admin_listen = absl::GetFlag(FLAGS_admin_listen);
  options.insecure = absl::GetFlag(FLAGS_insecure);
  const std::string memory_limit = absl::GetFlag(FLAGS_memory_limit);
  if (!memory_limit.empty()) {
    EMB_ASSIGN_OR_RETURN(options.memory_limit_bytes,
                         SizeFlag("memory_limit", memory_limit));
  }
  options.backup_dir = absl::GetFlag(FLAGS_backup_dir);
  options.salvage = absl::GetFlag(FLAGS_salvage);
  options.load_threads = absl::GetFlag(FLAGS_load_threads);
  EMB_RETURN_IF_ERROR(CheckRange("load_threads", options.load_threads, 1, 256));
  options.retention = {absl::GetFlag(FLAGS_keep_versions),
                       absl::GetFlag(FLAGS_keep_versions_for)};
  EMB_RETURN_IF_ERROR(
      CheckRange("keep_versions", options.retention.versions, 1, 1'000));
  EMB_ASSIGN_OR_RETURN(options.swap_policy,
                       ParseSwapPolicy(absl::GetFlag(FLAGS_swap_policy)));
  EMB_ASSIGN_OR_RETURN(options.durability,
                       ParseDurability(absl::GetFlag(FLAGS_durability)));
  options.fold_interval = absl::GetFlag(FLAGS_fold_interval);
  if (options.fold_interval < absl::ZeroDuration()) {
    return absl::InvalidArgumentError("--fold_interval: want 0s or more");
  }
  EMB_ASSIGN_OR_RETURN(options.fold_bytes_per_second,
                       SizeFlag("fold_rate", absl::GetFlag(FLAGS_fold_rate)));
  EMB_RETURN_IF_ERROR(CheckRange("fold_rate", options.fold_bytes_per_second,
                                 1 << 20, INT64_MAX));
  options.drain_delay = absl::GetFlag(FLAGS_drain_delay);
  options.drain_timeout = absl::GetFlag(FLAGS_drain_timeout);
  for (const absl::Duration drain :
       {options.drain_delay, options.drain_timeout}) {
    if (drain < absl::ZeroDuration() || drain > absl::Hours(1)) {
      return absl::InvalidArgumentError(
          "--drain_delay, --drain_timeout: want 0s to 1h");
    }
  }
  options.import_idle_timeout = absl::GetFlag(FLAGS_import_idle_timeout);
  if (options.import_idle_timeout < absl::Seconds(1) ||
      options.import_idle_timeout > absl::Hours(24)) {
    return absl::InvalidArgumentError("--import_idle_timeout: want 1s to 24h");
  }
  EMB_ASSIGN_OR_RETURN(options.limits, LimitsFromFlags());
  return options;
}

void SetUsage() {
  absl::SetProgramUsageMessage(kUsage);
  absl::FlagsUsageConfig config;
  config.contains_help_flags = [](absl::string_view file) {
    return absl::EndsWith(file, "server/server_flags.cc");
  };
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
