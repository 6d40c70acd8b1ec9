// The server's log: one JSON object a line on stderr, one line an event.
#ifndef EMB_SERVER_LOG_H_
#define EMB_SERVER_LOG_H_

#include <cstdint>
#include <initializer_list>
#include <string>
#include <utility>
#include <variant>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "server/registry.h"

namespace emb {

enum class LogLevel { kInfo, kWarning, kError };

// A name and a value. Never vectors or secrets.
struct LogField {
  LogField(absl::string_view n, absl::string_view v)
      : name(n), value(std::string(v)) {}
  LogField(absl::string_view n, const char* v)
      : LogField(n, absl::string_view(v)) {}
  LogField(absl::string_view n, const std::string& v)
      : LogField(n, absl::string_view(v)) {}
  LogField(absl::string_view n, int64_t v) : name(n), value(v) {}
  LogField(absl::string_view n, double v) : name(n), value(v) {}

  absl::string_view name;
  std::variant<std::string, int64_t, double> value;
};

// Of the whole process, from now on: less than this is not logged. All is, to
// begin with. Thread-safe.
void SetLogLevel(LogLevel least);

// Writes {"ts", "level", "event", fields...}; `event` is a snake_case name
// that stays the same for ever. A field of empty text is left out. Thread-safe.
void Log(LogLevel level, absl::string_view event,
         std::initializer_list<LogField> fields = {});

// A table was created, imported or loaded.
void LogTable(absl::string_view event, const ServedTable& table);

// Something that was asked for did not happen. INTERNAL and DATA_LOSS are
// errors of ours, anything else a warning.
void LogFailure(absl::string_view event, const absl::Status& status);

// Sends the messages of gRPC and Protobuf through this log, ten a second at
// most. Call once, before they are used.
void CaptureLibraryLogs();

}  // namespace emb

#endif  // EMB_SERVER_LOG_H_
