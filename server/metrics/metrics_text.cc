#include "server/metrics/metrics_text.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"

namespace emb {
namespace {

std::string NumberText(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  // A time or a size must not lose its last digits.
  return absl::StrFormat("%.15g", value);
}

}  // namespace

void MetricsText::Begin(absl::string_view name, absl::string_view type,
                        absl::string_view help) {
  name_ = std::string(name);
  absl::StrAppend(&text_, "# HELP ", name, " ", help, "\n# TYPE ", name, " ",
                  type, "\n");
}

void MetricsText::Line(absl::string_view suffix, MetricLabels labels,
                       absl::string_view value) {
  absl::StrAppend(&text_, name_, suffix);
  char separator = '{';
  for (const auto& [label, text] : labels) {
    absl::StrAppend(&text_, absl::string_view(&separator, 1), label, "=\"",
                    absl::StrReplaceAll(
                        text, {{"\\", "\\\\"}, {"\"", "\\\""}, {"\n", "\\n"}}),
                    "\"");
    separator = ',';
  }
  absl::StrAppend(&text_, labels.empty() ? "" : "}", " ", value, "\n");
}

void MetricsText::Sample(MetricLabels labels, int64_t value) {
  Line("", labels, absl::StrCat(value));
}

void MetricsText::Sample(MetricLabels labels, double value) {
  Line("", labels, NumberText(value));
}

void MetricsText::Sample(MetricLabels labels, const Histogram& histogram) {
  const Histogram::Reading reading = histogram.Read();
  const absl::Span<const double> bounds = Histogram::BoundsSeconds();
  std::vector<MetricLabel> with_bound(labels.begin(), labels.end());
  with_bound.emplace_back("le", "");
  int64_t below = 0;
  for (size_t i = 0; i < reading.counts.size(); ++i) {
    below += reading.counts[i];
    const std::string bound =
        i < bounds.size() ? NumberText(bounds[i]) : "+Inf";
    with_bound.back().second = bound;
    Line("_bucket", with_bound, absl::StrCat(below));
  }
  Line("_sum", labels, NumberText(absl::ToDoubleSeconds(reading.sum)));
  Line("_count", labels, absl::StrCat(reading.total));
}

void MetricsText::Counted(absl::string_view name, absl::string_view help,
                          const Counter& counter) {
  Begin(name, "counter", help);
  Sample({}, counter.Value());
}

void MetricsText::Gauge(absl::string_view name, absl::string_view help,
                        double value) {
  Begin(name, "gauge", help);
  Sample({}, value);
}

void MetricsText::Spread(absl::string_view name, absl::string_view help,
                         const Histogram& histogram) {
  Begin(name, "histogram", help);
  Sample({}, histogram);
}

}  // namespace emb
