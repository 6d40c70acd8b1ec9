#include "server/log.h"

#include <atomic>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "google/protobuf/stubs/logging.h"
#include "grpc/support/log.h"
#include "nlohmann/json.hpp"
#include "server/per_second.h"
#include "spdlog/sinks/stdout_sinks.h"
#include "spdlog/spdlog.h"
#include "storage/digest.h"

namespace emb {
namespace {

using Json = nlohmann::ordered_json;

// spdlog writes whole lines from any thread; the line is ours.
spdlog::logger& Logger() {
  static const std::shared_ptr<spdlog::logger> logger = [] {
    auto made = std::make_shared<spdlog::logger>(
        "emb", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_pattern("%v");
    return made;
  }();
  return *logger;
}

std::atomic<LogLevel> least_level = LogLevel::kInfo;

absl::string_view LevelName(LogLevel level) {
  switch (level) {
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarning:
      return "warning";
    case LogLevel::kError:
      return "error";
  }
  return "error";
}

// What peers send makes libraries talk: not as often as they send.
bool MayTalk() {
  static PerSecond messages(10);
  return messages.Allow();
}

void LogGrpcMessage(gpr_log_func_args* args) {
  if (!MayTalk()) return;
  Log(args->severity == GPR_LOG_SEVERITY_ERROR ? LogLevel::kWarning
                                               : LogLevel::kInfo,
      "grpc", {{"message", args->message}});
}

void LogProtobufMessage(google::protobuf::LogLevel level, const char* /*file*/,
                        int /*line*/, const std::string& message) {
  if (!MayTalk()) return;
  const bool harmless = level < google::protobuf::LOGLEVEL_WARNING;
  Log(harmless ? LogLevel::kInfo : LogLevel::kWarning, "protobuf",
      {{"message", message}});
}

}  // namespace

void SetLogLevel(LogLevel least) {
  least_level.store(least, std::memory_order_relaxed);
}

void Log(LogLevel level, absl::string_view event,
         std::initializer_list<LogField> fields) {
  if (level < least_level.load(std::memory_order_relaxed)) return;
  Json line;
  line["ts"] = absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", absl::Now(),
                                absl::UTCTimeZone());
  line["level"] = std::string(LevelName(level));
  line["event"] = std::string(event);
  for (const LogField& field : fields) {
    const auto* const value = std::get_if<std::string>(&field.value);
    if (value != nullptr && value->empty()) continue;
    std::visit([&](const auto& of) { line[std::string(field.name)] = of; },
               field.value);
  }
  // Text from outside may be anything: what is no UTF-8 is replaced.
  Logger().info(line.dump(-1, ' ', false, Json::error_handler_t::replace));
}

void LogTable(absl::string_view event, const ServedTable& table) {
  const VersionRecord& record = table.record;
  Log(LogLevel::kInfo, event,
      {{"table", record.spec.name},
       {"version", record.version},
       {"rows", record.spec.num_rows},
       {"dim", record.spec.dim},
       {"bytes", record.spec.data_bytes()},
       {"digest", DigestToHex(record.digest)}});
}

void LogFailure(absl::string_view event, const absl::Status& status) {
  const bool ours = absl::IsInternal(status) || absl::IsDataLoss(status);
  Log(ours ? LogLevel::kError : LogLevel::kWarning, event,
      {{"code", absl::StatusCodeToString(status.code())},
       {"message", status.message()}});
}

void CaptureLibraryLogs() {
  google::protobuf::SetLogHandler(LogProtobufMessage);
  gpr_set_log_verbosity(GPR_LOG_SEVERITY_ERROR);
  gpr_set_log_function(LogGrpcMessage);
}

}  // namespace emb
