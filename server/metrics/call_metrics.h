// Calls of every method, by the names that gRPC servers use for them.
#ifndef EMB_SERVER_METRICS_CALL_METRICS_H_
#define EMB_SERVER_METRICS_CALL_METRICS_H_

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "server/metrics/counter.h"
#include "server/metrics/histogram.h"
#include "server/metrics/metrics_text.h"
#include "server/metrics/status_codes.h"

namespace emb {

// One method. What was started is handled or still in flight.
struct MethodMetrics {
  void CountHandled(absl::StatusCode code, absl::Duration duration) {
    handled[IndexOf(code)].Add();
    seconds.Observe(duration);
  }

  std::string service;  // Such as "embedding.v1.EmbeddingService".
  std::string method;   // Such as "Lookup".
  std::string type;     // unary, client_stream, server_stream or bidi_stream.
  Counter started;
  std::array<Counter, kNumStatusCodes> handled;  // By status code.
  Histogram seconds;
  Counter received;  // Messages.
  Counter sent;
};

// CallMetrics has every method from the start, so that a series is zero before
// it is one.
//
// Threads  Add: one thread, before all else. The rest: thread-safe.
class CallMetrics {
 public:
  MethodMetrics& Add(absl::string_view service, absl::string_view method,
                     absl::string_view type);

  // By its path, such as "/embedding.v1.TableAdmin/GetTable"; null: not known.
  MethodMetrics* Find(absl::string_view path) const;

  void Write(MetricsText& text) const;

 private:
  std::vector<std::unique_ptr<MethodMetrics>> methods_;
  absl::flat_hash_map<std::string, MethodMetrics*> by_path_;
};

// As gRPC's statuses are named in labels: "OK", "NotFound" ...
absl::string_view CodeLabel(absl::StatusCode code);

}  // namespace emb

#endif  // EMB_SERVER_METRICS_CALL_METRICS_H_
