#include "client/cli/bench/bench_report.h"

#include <cmath>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "client/cli/output.h"
#include "client/cli/text.h"
#include "nlohmann/json.hpp"

namespace emb {
namespace {

struct Percentile {
  const char* name;
  double share;
};
constexpr Percentile kPercentiles[] = {
    {"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p99.9", 0.999}};

// Figures that both forms show.
struct Rates {
  double seconds = 0;
  double requests = 0;  // A second, as the two below.
  double rows = 0;
  double bytes = 0;
  double cpu_seconds_per_million_rows = 0;
};

Rates RatesOf(const BenchOptions& options, const BenchResult& result) {
  const BenchTally& tally = result.tally;
  const double rows = static_cast<double>(tally.answered) *
                      static_cast<double>(options.ids_per_request());
  Rates rates;
  rates.seconds = absl::ToDoubleSeconds(result.elapsed);
  if (rows == 0 || rates.seconds == 0) return rates;
  rates.requests = static_cast<double>(tally.answered) / rates.seconds;
  rates.rows = rows / rates.seconds;
  rates.bytes = static_cast<double>(tally.values_bytes) / rates.seconds;
  rates.cpu_seconds_per_million_rows =
      absl::ToDoubleSeconds(result.cpu_time) * 1e6 / rows;
  return rates;
}

const char* NameOf(IdDistribution distribution) {
  switch (distribution) {
    case IdDistribution::kUniform:
      return "uniform";
    case IdDistribution::kZipf:
      return "zipf";
    case IdDistribution::kTrace:
      return "trace";
  }
  return "";
}

const char* NameOf(Pool::Mode mode) {
  switch (mode) {
    case Pool::Mode::kSum:
      return "sum";
    case Pool::Mode::kMean:
      return "mean";
    case Pool::Mode::kMax:
      return "max";
  }
  return "";
}

// "282 us", "1.53 ms", "2.10 s".
std::string HumanDuration(absl::Duration duration) {
  const double us = absl::ToDoubleMicroseconds(duration);
  if (us < 1e3) return absl::StrFormat("%.0f us", us);
  if (us < 1e6) return absl::StrFormat("%.2f ms", us / 1e3);
  return absl::StrFormat("%.2f s", us / 1e6);
}

std::string HumanCount(double number) {
  return WithCommas(std::llround(number));
}

std::string Line(absl::string_view name, absl::string_view text) {
  return absl::StrFormat("%-12s%s\n", name, text);
}

nlohmann::ordered_json LatencyJson(const LatencyHistogram& latencies) {
  if (latencies.count() == 0) return nullptr;
  nlohmann::ordered_json json;
  json["mean"] = absl::ToDoubleMicroseconds(latencies.mean());
  for (const Percentile& percentile : kPercentiles) {
    json[percentile.name] =
        absl::ToDoubleMicroseconds(latencies.Percentile(percentile.share));
  }
  json["max"] = absl::ToDoubleMicroseconds(latencies.max());
  return json;
}

// How many took less than so many microseconds, and half of that or more.
nlohmann::ordered_json HistogramJson(const LatencyHistogram& latencies) {
  auto json = nlohmann::ordered_json::array();
  for (const LatencyHistogram::Octave& octave : latencies.Octaves()) {
    json.push_back({{"below", absl::ToDoubleMicroseconds(octave.below)},
                    {"count", octave.count}});
  }
  return json;
}

std::string DescribeLatency(const LatencyHistogram& latencies) {
  std::string text = absl::StrCat("mean ", HumanDuration(latencies.mean()));
  for (const Percentile& percentile : kPercentiles) {
    absl::StrAppend(&text, ", ", percentile.name, " ",
                    HumanDuration(latencies.Percentile(percentile.share)));
  }
  return absl::StrCat(text, ", max ", HumanDuration(latencies.max()));
}

// Every flag that makes the load, so that a result explains itself and the run
// can be repeated. Those that do not apply are left out.
nlohmann::ordered_json LoadJson(const BenchOptions& options,
                                const CallOptions& call) {
  nlohmann::ordered_json json = {
      {"tables", options.tables},
      {"features", options.num_features},
      {"ids", options.num_ids},
      {"dtype", ElementTypeName(options.dtype)},
      {"distribution", NameOf(options.distribution)},
      {"seed", options.seed},
      {"loop", options.rate ? "open" : "closed"},
      {"connections", options.num_connections},
      {"depth", options.depth},
      {"stream", options.stream},
      {"duration_seconds", absl::ToDoubleSeconds(options.duration)},
      {"warmup_seconds", absl::ToDoubleSeconds(options.warmup)},
      {"keep_freed_memory", options.keep_freed_memory}};
  if (options.distribution == IdDistribution::kZipf) {
    json["zipf_exponent"] = options.zipf_exponent;
  }
  if (options.distribution == IdDistribution::kTrace) {
    json["trace"] = options.trace_file;
    json["trace_ids"] = options.trace.size();
  }
  if (options.pool) {
    json["pool"] = NameOf(*options.pool);
    json["bag"] = options.bag_ids;
  }
  if (options.rate) json["rate"] = *options.rate;
  if (call.timeout) {
    json["timeout_seconds"] = absl::ToDoubleSeconds(*call.timeout);
  }
  return json;
}

nlohmann::ordered_json RateJson(const BenchOptions& options,
                                const BenchTally& tally, double achieved) {
  return {{"intended", *options.rate},
          {"achieved", achieved},
          {"kept", tally.unsent == 0},
          {"unsent", tally.unsent},
          {"lateness_max_us", absl::ToDoubleMicroseconds(tally.lateness_max)}};
}

// "item, user: 2 x 1,024 ids a request, zipf".
std::string DescribeRequests(const BenchOptions& options) {
  std::string text = absl::StrCat(absl::StrJoin(options.tables, ", "), ": ");
  if (options.num_features > 1) {
    absl::StrAppend(&text, options.num_features, " x ");
  }
  absl::StrAppend(&text, WithCommas(options.num_ids), " ids a request, ",
                  NameOf(options.distribution));
  if (options.distribution == IdDistribution::kZipf) {
    absl::StrAppend(&text, " ", options.zipf_exponent);
  }
  if (options.pool) {
    absl::StrAppend(&text, ", ", NameOf(*options.pool), " of bags of ",
                    options.bag_ids);
  }
  return text;
}

// "closed loop, 4 streams, 2 in flight on each".
std::string DescribeLoop(const BenchOptions& options) {
  const bool several = options.num_connections > 1;
  return absl::StrCat(
      options.rate ? absl::StrFormat("open loop of %g/s", *options.rate)
                   : "closed loop",
      ", ", options.num_connections, options.stream ? " stream" : " connection",
      several ? "s, " : ", ", options.rate ? "at most " : "", options.depth,
      " in flight", several ? " on each" : "");
}

std::string DescribeErrors(const BenchTally& tally) {
  std::string text;
  for (const auto& [code, count] : tally.errors) {
    text += Line("", absl::StrCat(WithCommas(count), " ",
                                  absl::StatusCodeToString(code)));
  }
  if (!tally.last_error.ok()) {
    text += Line("", absl::StrCat("last: ", tally.last_error.message()));
  }
  return text;
}

// Whether an open loop was what it was meant to be.
std::string DescribeRate(const BenchOptions& options, const BenchTally& tally,
                         double achieved) {
  if (!options.rate) return "";
  const std::string lateness =
      absl::StrCat("sent at most ", HumanDuration(tally.lateness_max), " late");
  if (tally.unsent == 0) return Line("rate", "kept, " + lateness);
  return Line("rate",
              absl::StrFormat("NOT KEPT: %s/s of %s/s, %s requests never sent: "
                              "latencies are of an overloaded system",
                              HumanCount(achieved), HumanCount(*options.rate),
                              WithCommas(tally.unsent)));
}

}  // namespace

nlohmann::ordered_json BenchJson(const BenchOptions& options,
                                 const CallOptions& call,
                                 const BenchResult& result) {
  const BenchTally& tally = result.tally;
  const Rates rates = RatesOf(options, result);
  nlohmann::ordered_json errors = nlohmann::ordered_json::object();
  for (const auto& [code, count] : tally.errors) {
    errors[absl::StatusCodeToString(code)] = count;
  }
  nlohmann::ordered_json json = {
      {"load", LoadJson(options, call)},
      {"seconds", rates.seconds},
      {"interrupted", result.interrupted},
      {"requests", tally.requests()},
      {"answered", tally.answered},
      {"failed", tally.failed},
      {"errors", errors},
      {"requests_per_second", rates.requests},
      {"rows_per_second", rates.rows},
      {"megabytes_per_second", rates.bytes / 1e6},
      {"latency_us", LatencyJson(tally.latencies)},
      {"latency_histogram_us", HistogramJson(tally.latencies)},
      {"client_cpu_seconds_per_million_rows",
       rates.cpu_seconds_per_million_rows}};
  if (options.rate) json["rate"] = RateJson(options, tally, rates.requests);
  return json;
}

std::string DescribeBench(const BenchOptions& options,
                          const BenchResult& result) {
  const BenchTally& tally = result.tally;
  const Rates rates = RatesOf(options, result);
  std::string text =
      absl::StrCat(DescribeRequests(options), "\n", DescribeLoop(options),
                   absl::StrFormat(", %.2f s%s\n", rates.seconds,
                                   result.interrupted ? ", interrupted" : ""));
  text += Line("requests",
               absl::StrCat(HumanCount(rates.requests),
                            "/s: ", WithCommas(tally.answered), " answered, ",
                            WithCommas(tally.failed), " failed"));
  text += DescribeErrors(tally);
  text += DescribeRate(options, tally, rates.requests);
  if (tally.answered == 0) return text;
  text += Line("rows", absl::StrCat(HumanCount(rates.rows), "/s"));
  text += Line("values", absl::StrFormat("%.1f MB/s", rates.bytes / 1e6));
  text += Line("latency", DescribeLatency(tally.latencies));
  text +=
      Line("client CPU", absl::StrFormat("%.3f s per million rows",
                                         rates.cpu_seconds_per_million_rows));
  return text;
}

std::string DescribeBenchProgress(const BenchOptions& options,
                                  absl::Duration now,
                                  const BenchTally& so_far) {
  const absl::Duration measured = now - options.warmup;
  const std::string time =
      absl::StrFormat("%.0f s of %.0f s", absl::ToDoubleSeconds(now),
                      absl::ToDoubleSeconds(options.warmup + options.duration));
  if (measured <= absl::ZeroDuration()) return time + ": warming up";
  return absl::StrCat(time, ": ",
                      HumanCount(static_cast<double>(so_far.answered) /
                                 absl::ToDoubleSeconds(measured)),
                      "/s, p99 ",
                      HumanDuration(so_far.latencies.Percentile(0.99)), ", ",
                      WithCommas(so_far.failed), " failed");
}

}  // namespace emb
