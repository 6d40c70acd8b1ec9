// What is counted and logged of one lookup.
#ifndef EMB_SERVER_LOOKUP_RECORD_H_
#define EMB_SERVER_LOOKUP_RECORD_H_

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "server/lookup_request.h"
#include "server/metrics/lookup_metrics.h"
#include "server/per_second.h"
#include "server/trace_context.h"

namespace emb {

// LookupLog chooses the lookups that are logged: one of `sampling`, and of
// those that fail ten a second, since one caller's mistake comes by the
// thousands.
//
// Threads  Thread-safe.
class LookupLog {
 public:
  // 0: none but failures.
  explicit LookupLog(int64_t sampling) : sampling_(sampling) {}
  void set_sampling(int64_t sampling) { sampling_ = sampling; }

  bool Wants(absl::StatusCode code);

 private:
  std::atomic<int64_t> sampling_;
  std::atomic<int64_t> num_lookups_{0};
  PerSecond failures_{10};
};

// LookupRecord counts one lookup as received, and at its end as answered,
// failed or shed, with the time that it took.
//
// Threads  One thread at a time.
class LookupRecord {
 public:
  using Clock = std::chrono::steady_clock;

  // `metrics`, `log` and `context` (null: none) outlive the record; `method` is
  // a literal.
  LookupRecord(LookupMetrics& metrics, LookupLog& log, const char* method,
               const grpc::ServerContextBase* context);
  ~LookupRecord();

  LookupRecord(const LookupRecord&) = delete;
  LookupRecord& operator=(const LookupRecord&) = delete;

  // Who asked, and for what, once it is known.
  void set_token_name(absl::string_view name) {
    token_name_ = std::string(name);
  }
  void Describe(const LookupView& request);
  // It ends so, unless it was shed. Returns how it ends.
  absl::Status End(absl::Status status);
  // It is given up for others. Returns the error that says so.
  absl::Status Shed(ShedReason reason);

  absl::Duration elapsed() const {
    return absl::FromChrono(Clock::now() - since_);
  }

 private:
  void Log(absl::Duration elapsed) const;

  LookupMetrics& metrics_;
  LookupLog& log_;
  const char* const method_;
  const grpc::ServerContextBase* const context_;
  const Clock::time_point since_;
  absl::Status status_;
  std::optional<ShedReason> shed_;
  std::string token_name_;
  uint64_t request_id_ = 0;
  int64_t num_features_ = 0;
  int64_t num_ids_ = 0;
};

}  // namespace emb

#endif  // EMB_SERVER_LOOKUP_RECORD_H_
