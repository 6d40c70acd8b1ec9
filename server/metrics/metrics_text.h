// Metrics in the text format of Prometheus, version 0.0.4.
#ifndef EMB_SERVER_METRICS_METRICS_TEXT_H_
#define EMB_SERVER_METRICS_METRICS_TEXT_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "server/metrics/counter.h"
#include "server/metrics/histogram.h"

namespace emb {

// A label's name and its value, which may be any text.
using MetricLabel = std::pair<absl::string_view, absl::string_view>;
using MetricLabels = absl::Span<const MetricLabel>;

// MetricsText writes families of samples one after the other. All samples of a
// family follow its Begin.
//
// Threads  One thread.
class MetricsText {
 public:
  // Begins a family. `type` is counter, gauge or histogram.
  void Begin(absl::string_view name, absl::string_view type,
             absl::string_view help);

  void Sample(MetricLabels labels, int64_t value);
  void Sample(MetricLabels labels, double value);
  // Buckets, sum and count of a histogram.
  void Sample(MetricLabels labels, const Histogram& histogram);

  // A family of one sample without labels.
  void Counted(absl::string_view name, absl::string_view help,
               const Counter& counter);
  void Gauge(absl::string_view name, absl::string_view help, double value);
  void Spread(absl::string_view name, absl::string_view help,
              const Histogram& histogram);

  const std::string& text() const { return text_; }

 private:
  void Line(absl::string_view suffix, MetricLabels labels,
            absl::string_view value);

  std::string name_;  // Of the family that was begun last.
  std::string text_;
};

}  // namespace emb

#endif  // EMB_SERVER_METRICS_METRICS_TEXT_H_
