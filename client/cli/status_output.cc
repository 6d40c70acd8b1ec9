#include "client/cli/status_output.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "client/cli/text.h"
#include "nlohmann/json.hpp"

namespace emb {
namespace {

using Json = nlohmann::ordered_json;

Json OrNull(const std::string& text) {
  return text.empty() ? Json(nullptr) : Json(text);
}

const char* StateName(ServerStatus::State state) {
  switch (state) {
    case ServerStatus::State::kLoading:
      return "loading";
    case ServerStatus::State::kServing:
      return "serving";
    case ServerStatus::State::kDraining:
      return "draining";
    case ServerStatus::State::kUnknown:
      break;
  }
  return "unknown";
}

// "1h2m3s"; absl has no unit for zero.
std::string UptimeText(absl::Duration uptime) {
  const absl::Duration whole = absl::Trunc(uptime, absl::Seconds(1));
  return whole == absl::ZeroDuration() ? "0s" : absl::FormatDuration(whole);
}

std::string ChangesText(const ServerStatus& status) {
  if (status.write_error.empty()) return "taken";
  return absl::StrCat("refused: ", status.write_error);
}

}  // namespace

Json StatusJson(const ServerStatus& status) {
  return {{"state", StateName(status.state)},
          {"version", status.version},
          {"uptime_seconds", absl::ToInt64Seconds(status.uptime)},
          {"epoch", status.epoch},
          {"tables", status.num_tables},
          {"rows", status.num_rows},
          {"memory_used_bytes", status.memory_used_bytes},
          {"memory_limit_bytes", status.memory_limit_bytes},
          {"write_error", OrNull(status.write_error)},
          {"disk_used_bytes", status.disk_used_bytes},
          {"disk_free_bytes", status.disk_free_bytes},
          {"last_backup_at", status.last_backup_at == absl::UnixEpoch()
                                 ? Json(nullptr)
                                 : Json(TimeText(status.last_backup_at))}};
}

std::string DescribeStatus(const ServerStatus& status) {
  return Aligned(
      {{"state", StateName(status.state)},
       {"version", status.version},
       {"uptime", UptimeText(status.uptime)},
       {"epoch", absl::StrCat(status.epoch)},
       {"tables", WithCommas(status.num_tables)},
       {"rows", WithCommas(status.num_rows)},
       {"memory", absl::StrCat(HumanBytes(status.memory_used_bytes), " of ",
                               HumanBytes(status.memory_limit_bytes))},
       {"disk", absl::StrCat(HumanBytes(status.disk_used_bytes), " used, ",
                             HumanBytes(status.disk_free_bytes), " free")},
       {"changes", ChangesText(status)},
       {"last backup", status.last_backup_at == absl::UnixEpoch()
                           ? "none since it started"
                           : TimeText(status.last_backup_at)}});
}

}  // namespace emb
