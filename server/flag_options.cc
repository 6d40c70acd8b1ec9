#include "server/flag_options.h"

#include <cstdint>
#include <string>

#include "absl/flags/flag.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "core/status_macros.h"
#include "core/table_spec.h"
#include "server/byte_size.h"
#include "server/flag_definitions.h"

namespace emb {
namespace {

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
  limits.inflight_requests_max = absl::GetFlag(FLAGS_inflight_requests_max);
  EMB_ASSIGN_OR_RETURN(
      limits.inflight_bytes_max,
      SizeFlag("inflight_bytes_max", absl::GetFlag(FLAGS_inflight_bytes_max)));
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
                {"tables_max", limits.tables_max},
                {"inflight_requests_max", limits.inflight_requests_max}};
  for (const auto& count : counts) {
    EMB_RETURN_IF_ERROR(CheckRange(count.name, count.value, 1, INT32_MAX));
  }
  EMB_RETURN_IF_ERROR(CheckRange("dim_max", limits.dim_max, 1, kDimMax));
  // Or the largest lookup would never be answered.
  EMB_RETURN_IF_ERROR(CheckRange(
      "inflight_bytes_max", limits.inflight_bytes_max,
      limits.request_bytes_max + limits.answer_bytes_max, INT64_MAX));
  return limits;
}

absl::Status CheckTime(absl::string_view name, absl::Duration value,
                       absl::Duration min, absl::Duration max) {
  if (value >= min && value <= max) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "--", name, ": ", absl::FormatDuration(value), ", want ",
      absl::FormatDuration(min), " to ", absl::FormatDuration(max)));
}

// How tables are kept and loaded.
absl::Status SetTables(ServerOptions* options) {
  const std::string memory_limit = absl::GetFlag(FLAGS_memory_limit);
  if (!memory_limit.empty()) {
    EMB_ASSIGN_OR_RETURN(options->memory_limit_bytes,
                         SizeFlag("memory_limit", memory_limit));
  }
  options->load_threads = absl::GetFlag(FLAGS_load_threads);
  EMB_RETURN_IF_ERROR(
      CheckRange("load_threads", options->load_threads, 1, 256));
  options->retention = {absl::GetFlag(FLAGS_keep_versions),
                        absl::GetFlag(FLAGS_keep_versions_for)};
  EMB_RETURN_IF_ERROR(
      CheckRange("keep_versions", options->retention.versions, 1, 1'000));
  EMB_ASSIGN_OR_RETURN(options->swap_policy,
                       ParseSwapPolicy(absl::GetFlag(FLAGS_swap_policy)));
  return absl::OkStatus();
}

// How rows are updated.
absl::Status SetUpdates(ServerOptions* options) {
  EMB_ASSIGN_OR_RETURN(options->durability,
                       ParseDurability(absl::GetFlag(FLAGS_durability)));
  options->fold_interval = absl::GetFlag(FLAGS_fold_interval);
  EMB_RETURN_IF_ERROR(CheckTime("fold_interval", options->fold_interval,
                                absl::ZeroDuration(),
                                absl::InfiniteDuration()));
  EMB_ASSIGN_OR_RETURN(options->fold_bytes_per_second,
                       SizeFlag("fold_rate", absl::GetFlag(FLAGS_fold_rate)));
  return CheckRange("fold_rate", options->fold_bytes_per_second, 1 << 20,
                    INT64_MAX);
}

// How long callers are waited for.
absl::Status SetTimes(ServerOptions* options) {
  options->drain_delay = absl::GetFlag(FLAGS_drain_delay);
  options->drain_timeout = absl::GetFlag(FLAGS_drain_timeout);
  options->import_idle_timeout = absl::GetFlag(FLAGS_import_idle_timeout);
  EMB_RETURN_IF_ERROR(CheckTime("drain_delay", options->drain_delay,
                                absl::ZeroDuration(), absl::Hours(1)));
  EMB_RETURN_IF_ERROR(CheckTime("drain_timeout", options->drain_timeout,
                                absl::ZeroDuration(), absl::Hours(1)));
  return CheckTime("import_idle_timeout", options->import_idle_timeout,
                   absl::Seconds(1), absl::Hours(24));
}

// What is answered when, and what is told of it.
absl::Status SetTraffic(ServerOptions* options) {
  options->queue_timeout = absl::GetFlag(FLAGS_queue_timeout);
  EMB_RETURN_IF_ERROR(CheckTime("queue_timeout", options->queue_timeout,
                                absl::Milliseconds(1), absl::Minutes(1)));
  options->lookup_log_sampling = absl::GetFlag(FLAGS_lookup_log_sampling);
  EMB_RETURN_IF_ERROR(CheckRange("lookup_log_sampling",
                                 options->lookup_log_sampling, 0, INT64_MAX));
  options->self_probe_interval = absl::GetFlag(FLAGS_self_probe_interval);
  return CheckTime("self_probe_interval", options->self_probe_interval,
                   absl::ZeroDuration(), absl::Hours(1));
}

}  // namespace

absl::StatusOr<LogLevel> ParseLogLevel(const std::string& name) {
  if (name == "info") return LogLevel::kInfo;
  if (name == "warning") return LogLevel::kWarning;
  if (name == "error") return LogLevel::kError;
  return absl::InvalidArgumentError(
      absl::StrCat("--log_level: \"", name, "\", want info, warning or error"));
}

absl::StatusOr<ServerOptions> OptionsFromFlags() {
  ServerOptions options;
  options.data_dir = absl::GetFlag(FLAGS_data_dir);
  if (options.data_dir.empty()) {
    return absl::InvalidArgumentError(
        "--data_dir: not given, want the directory to keep tables in");
  }
  EMB_ASSIGN_OR_RETURN(options.log_level,
                       ParseLogLevel(absl::GetFlag(FLAGS_log_level)));
  options.listen = absl::GetFlag(FLAGS_listen);
  options.admin_listen = absl::GetFlag(FLAGS_admin_listen);
  options.http_listen = absl::GetFlag(FLAGS_http_listen);
  options.insecure = absl::GetFlag(FLAGS_insecure);
  options.tls = {absl::GetFlag(FLAGS_tls_cert), absl::GetFlag(FLAGS_tls_key),
                 absl::GetFlag(FLAGS_tls_client_ca)};
  options.token_file = absl::GetFlag(FLAGS_token_file);
  options.backup_dir = absl::GetFlag(FLAGS_backup_dir);
  options.salvage = absl::GetFlag(FLAGS_salvage);
  EMB_RETURN_IF_ERROR(SetTables(&options));
  EMB_RETURN_IF_ERROR(SetUpdates(&options));
  EMB_RETURN_IF_ERROR(SetTimes(&options));
  EMB_ASSIGN_OR_RETURN(options.limits, LimitsFromFlags());
  EMB_RETURN_IF_ERROR(SetTraffic(&options));
  return options;
}

}  // namespace emb
