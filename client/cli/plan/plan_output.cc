#include "client/cli/plan/plan_output.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/cli/text.h"
#include "nlohmann/json.hpp"

namespace emb {
namespace {

// The server's defaults: --request_bytes_max, --answer_bytes_max.
constexpr int64_t kRequestBytesMax = 4 << 20;
constexpr int64_t kAnswerBytesMax = 64 << 20;

std::string Seconds(double seconds) {
  return seconds < 10 ? absl::StrFormat("%.1f s", seconds)
                      : absl::StrFormat("%.0f s", seconds);
}

// A size, and whether the server takes it unless told otherwise.
std::string OfMax(int64_t bytes, int64_t max, const char* flag) {
  std::string text = HumanBytes(bytes);
  if (bytes <= max) return text;
  return absl::StrCat(text, ": over ", flag, " (", HumanBytes(max), ")");
}

Lines MemoryLines(const SizePlan& plan, const PlanOptions& options) {
  const char* const policy =
      options.unload_first ? "unload-first" : "load-first";
  return {
      {"memory, loaded",
       absl::StrCat(HumanBytes(plan.memory_bytes), ": rows ",
                    HumanBytes(plan.rows_bytes), ", rounding ",
                    HumanBytes(plan.rounding_bytes), ", directory ",
                    HumanBytes(plan.directory_bytes))},
      {"with row updates", options.update_rows > 0
                               ? HumanBytes(plan.swap_unload_first_bytes)
                               : std::string("none planned")},
      {"while the largest is swapped",
       absl::StrCat(HumanBytes(plan.swap_load_first_bytes), " load-first, ",
                    HumanBytes(plan.swap_unload_first_bytes), " unload-first")},
      {"while all are, in one step",
       absl::StrCat(HumanBytes(plan.swap_all_bytes), " load-first")},
      {"--memory_limit", absl::StrCat(HumanBytes(plan.memory_limit_bytes),
                                      " or more, for ", policy)},
      {"machine or container",
       absl::StrCat(HumanBytes(plan.machine_bytes), " or more")}};
}

Lines DiskLines(const SizePlan& plan, const PlanOptions& options) {
  return {
      {"disk, a version", HumanBytes(plan.version_bytes)},
      {"updates until folded",
       absl::StrCat(HumanBytes(plan.patches_bytes), " at most")},
      {"--data_dir at its largest",
       absl::StrCat(HumanBytes(plan.data_dir_bytes), ": ",
                    options.keep_versions,
                    options.keep_versions == 1 ? " version" : " versions",
                    ", one being written, updates, log")},
      {"disk", absl::StrCat(HumanBytes(plan.disk_bytes),
                            " or more: the last 5 % are not used")},
      {"backup", absl::StrCat(HumanBytes(plan.backup_bytes), " at first, and ",
                              HumanBytes(plan.next_backup_bytes),
                              " for new versions of all")}};
}

Lines OtherLines(const SizePlan& plan, const PlanOptions& options) {
  const std::string measured =
      ", as measured on 2 virtual CPUs (docs/performance.md)";
  return {
      {"start, files in memory", Seconds(plan.warm_start_seconds) + measured},
      {"start, from disk", Seconds(plan.cold_start_seconds) + measured},
      {absl::StrCat("lookup of ", WithCommas(options.lookup_ids), " ids"),
       OfMax(plan.request_bytes, kRequestBytesMax, "--request_bytes_max")},
      {"its answer in float32",
       OfMax(plan.answer_bytes, kAnswerBytesMax, "--answer_bytes_max")}};
}

}  // namespace

nlohmann::ordered_json PlanJson(const SizePlan& plan) {
  return {{"tables", plan.num_tables},
          {"rows", plan.num_rows},
          {"rows_bytes", plan.rows_bytes},
          {"memory_bytes", plan.memory_bytes},
          {"rounding_bytes", plan.rounding_bytes},
          {"directory_bytes", plan.directory_bytes},
          {"update_bytes", plan.update_bytes},
          {"swap_load_first_bytes", plan.swap_load_first_bytes},
          {"swap_unload_first_bytes", plan.swap_unload_first_bytes},
          {"swap_all_bytes", plan.swap_all_bytes},
          {"memory_limit_bytes", plan.memory_limit_bytes},
          {"machine_bytes", plan.machine_bytes},
          {"version_bytes", plan.version_bytes},
          {"patches_bytes", plan.patches_bytes},
          {"data_dir_bytes", plan.data_dir_bytes},
          {"disk_bytes", plan.disk_bytes},
          {"backup_bytes", plan.backup_bytes},
          {"next_backup_bytes", plan.next_backup_bytes},
          {"warm_start_seconds", plan.warm_start_seconds},
          {"cold_start_seconds", plan.cold_start_seconds},
          {"request_bytes", plan.request_bytes},
          {"answer_bytes", plan.answer_bytes}};
}

std::string DescribePlan(const SizePlan& plan, const PlanOptions& options) {
  Lines lines = {{"tables", WithCommas(plan.num_tables)},
                 {"rows", WithCommas(plan.num_rows)}};
  for (const Lines& more :
       {MemoryLines(plan, options), DiskLines(plan, options),
        OtherLines(plan, options)}) {
    lines.insert(lines.end(), more.begin(), more.end());
  }
  return Aligned(lines);
}

}  // namespace emb
