#include "client/cli/bench/bench_flags.h"

#include <utility>
#include <vector>

#include "CLI/Config.hpp"
#include "CLI/Formatter.hpp"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "client/cli/npy_file.h"
#include "client/cli/number_check.h"
#include "core/status_macros.h"

namespace emb {
namespace {

constexpr int64_t kIdsMax = 1 << 20;
constexpr int64_t kFeaturesMax = 1'024;
constexpr int64_t kInFlightMax = 1'024;
// An open loop must be free to have many in flight; this bounds its memory.
constexpr int64_t kOpenLoopDepth = 64;
constexpr absl::Duration kDurationMax = absl::Hours(24);

absl::Status Wrong(absl::string_view flag, absl::string_view complaint) {
  return absl::InvalidArgumentError(absl::StrCat(flag, ": ", complaint));
}

absl::StatusOr<absl::Duration> ParseTime(absl::string_view flag,
                                         const std::string& text,
                                         absl::Duration min) {
  absl::Duration duration;
  if (!absl::ParseDuration(text, &duration) || duration < min ||
      duration > kDurationMax) {
    return Wrong(flag, absl::StrCat("\"", text, "\", want a time such as 10s, ",
                                    "500ms or 1m30s, at most 24h"));
  }
  return duration;
}

absl::Status SetTables(const BenchFlags& flags, BenchOptions& options) {
  options.tables = {flags.table};
  if (!flags.tables.empty()) {
    for (const absl::string_view name : absl::StrSplit(flags.tables, ',')) {
      if (name.empty()) {
        return Wrong("--tables", absl::StrCat("\"", flags.tables,
                                              "\", want names with commas "
                                              "between them"));
      }
      options.tables.emplace_back(name);
    }
  }
  const auto num_tables = static_cast<int64_t>(options.tables.size());
  options.num_features = flags.num_features.value_or(num_tables);
  if (options.num_features < num_tables) {
    return Wrong("--features",
                 absl::StrCat(options.num_features, ", want ", num_tables,
                              " or more, one for each table"));
  }
  return absl::OkStatus();
}

absl::Status SetPool(const BenchFlags& flags, BenchOptions& options) {
  options.num_ids = flags.num_ids;
  options.dtype = flags.dtype == "float16"    ? ElementType::kFloat16
                  : flags.dtype == "bfloat16" ? ElementType::kBFloat16
                                              : ElementType::kFloat32;
  if (flags.pool.empty() != !flags.bag_ids) {
    return Wrong("--pool, --bag", "want both or neither");
  }
  if (flags.pool.empty()) return absl::OkStatus();
  options.pool = flags.pool == "sum"    ? Pool::Mode::kSum
                 : flags.pool == "mean" ? Pool::Mode::kMean
                                        : Pool::Mode::kMax;
  options.bag_ids = *flags.bag_ids;
  if (options.num_ids % options.bag_ids != 0) {
    return Wrong("--bag",
                 absl::StrCat(options.bag_ids, ", want a divisor of --ids, ",
                              options.num_ids));
  }
  return absl::OkStatus();
}

absl::Status SetIds(const BenchFlags& flags, BenchOptions& options) {
  std::string distribution = flags.distribution;
  if (distribution.empty()) {
    distribution = flags.trace.empty() ? "uniform" : "trace";
  }
  if ((distribution == "trace") == flags.trace.empty()) {
    return Wrong("--distribution, --trace",
                 "want --distribution trace and --trace FILE together");
  }
  if (flags.zipf_exponent && distribution != "zipf") {
    return Wrong("--zipf-exponent", "want --distribution zipf with it");
  }
  options.seed = flags.seed;
  options.zipf_exponent = flags.zipf_exponent.value_or(options.zipf_exponent);
  if (distribution == "zipf") options.distribution = IdDistribution::kZipf;
  if (distribution == "trace") {
    options.distribution = IdDistribution::kTrace;
    EMB_ASSIGN_OR_RETURN(IdsFile file, ReadIdsFile(flags.trace));
    if (file.ids.empty()) return Wrong("--trace", "no ids, want one or more");
    options.trace_file = flags.trace;
    options.trace = std::move(file.ids);
  }
  return absl::OkStatus();
}

absl::Status SetSending(const BenchFlags& flags, BenchOptions& options) {
  options.num_connections = flags.num_connections;
  options.depth = flags.depth.value_or(flags.rate ? kOpenLoopDepth : 1);
  options.stream = flags.stream;
  options.rate = flags.rate;
  options.keep_freed_memory = flags.keep_freed_memory;
  // In a closed loop each may be a thread.
  if (!flags.rate && options.num_connections * options.depth > kInFlightMax) {
    return Wrong(
        "--connections, --depth",
        absl::StrCat(options.num_connections * options.depth,
                     " lookups in flight, want at most ", kInFlightMax));
  }
  EMB_ASSIGN_OR_RETURN(options.duration, ParseTime("--duration", flags.duration,
                                                   absl::Milliseconds(1)));
  EMB_ASSIGN_OR_RETURN(options.warmup, ParseTime("--warmup", flags.warmup,
                                                 absl::ZeroDuration()));
  return absl::OkStatus();
}

void AddRequestFlags(CLI::App& command, BenchFlags& flags) {
  command.add_option("TABLE", flags.table, "The table")->required();
  command
      .add_option("--tables", flags.tables,
                  "More tables; the features of a request take turns")
      ->option_text("NAME,...");
  command
      .add_option("--features", flags.num_features,
                  "Features of a request [one for each table]")
      ->option_text("N")
      ->transform(AsInteger())
      ->check(IsFromOneTo(kFeaturesMax));
  command.add_option("--ids", flags.num_ids, "Ids of each feature")
      ->option_text("N")
      ->capture_default_str()
      ->transform(AsInteger())
      ->check(IsFromOneTo(kIdsMax));
  command
      .add_option("--pool", flags.pool,
                  "Combine bags of --bag ids each into one vector")
      ->option_text("sum|mean|max")
      ->check(CLI::IsMember({"sum", "mean", "max"}));
  command.add_option("--bag", flags.bag_ids, "Ids of a bag, with --pool")
      ->option_text("N")
      ->transform(AsInteger())
      ->check(IsFromOneTo(kIdsMax));
  command.add_option("--dtype", flags.dtype, "Type of the answers")
      ->option_text("float32|float16|bfloat16")
      ->capture_default_str()
      ->check(CLI::IsMember({"float32", "float16", "bfloat16"}));
}

void AddIdFlags(CLI::App& command, BenchFlags& flags) {
  command
      .add_option("--distribution", flags.distribution,
                  "Which rows: all alike, by Zipf's law with the popular ones "
                  "scattered over the table, or from --trace [uniform]")
      ->option_text("uniform|zipf|trace")
      ->check(CLI::IsMember({"uniform", "zipf", "trace"}));
  command
      .add_option("--zipf-exponent", flags.zipf_exponent,
                  "With zipf: rank k is asked for as 1/k^S [0.99]")
      ->option_text("S")
      ->check(IsPositive());
  command
      .add_option("--trace", flags.trace,
                  ".npy file of int32 or int64 ids, asked for in its order, "
                  "again and again")
      ->option_text("FILE");
  command
      .add_option("--seed", flags.seed, "Of the ids; equal seeds ask the same")
      ->option_text("N")
      ->capture_default_str();
}

void AddSendingFlags(CLI::App& command, BenchFlags& flags) {
  command.add_option("--connections", flags.num_connections, "TCP connections")
      ->option_text("N")
      ->capture_default_str()
      ->transform(AsInteger())
      ->check(IsFromOneTo(kInFlightMax));
  command
      .add_option("--depth", flags.depth,
                  "Lookups in flight on each connection: that many at any "
                  "time, or, with --rate, at most [1; with --rate 64]")
      ->option_text("N")
      ->transform(AsInteger())
      ->check(IsFromOneTo(kInFlightMax));
  command.add_flag("--stream", flags.stream,
                   "One LookupStream on each connection instead of calls");
  command
      .add_option("--rate", flags.rate,
                  "Open loop: send so many requests a second over all "
                  "connections, answered or not")
      ->option_text("R")
      ->check(IsPositive());
  command.add_option("--duration", flags.duration, "How long to measure")
      ->option_text("TIME")
      ->capture_default_str();
  command.add_option("--warmup", flags.warmup, "How long to ask before that")
      ->option_text("TIME")
      ->capture_default_str();
  command.add_flag("--keep-freed-memory", flags.keep_freed_memory,
                   "Let malloc keep what answers were read into, see "
                   "emb/keep_freed_memory.h");
}

}  // namespace

void AddBenchFlags(CLI::App& command, BenchFlags& flags) {
  AddRequestFlags(command, flags);
  AddIdFlags(command, flags);
  AddSendingFlags(command, flags);
}

absl::StatusOr<BenchOptions> BenchOptionsOf(const BenchFlags& flags) {
  BenchOptions options;
  EMB_RETURN_IF_ERROR(SetTables(flags, options));
  EMB_RETURN_IF_ERROR(SetPool(flags, options));
  EMB_RETURN_IF_ERROR(SetSending(flags, options));
  EMB_RETURN_IF_ERROR(SetIds(flags, options));
  return options;
}

}  // namespace emb
