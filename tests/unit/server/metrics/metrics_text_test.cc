#include "server/metrics/metrics_text.h"

#include <limits>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/metrics/call_metrics.h"
#include "server/metrics/lookup_metrics.h"
#include "server/metrics/process_metrics.h"
#include "server/metrics/store_metrics.h"
#include "server/metrics/table_counters.h"

namespace emb {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

TEST(MetricsText, WritesAFamilyWithItsHelpAndType) {
  MetricsText text;
  text.Begin("emb_things_total", "counter", "Things that there were.");
  text.Sample({{"kind", "small"}}, int64_t{3});
  text.Sample({{"kind", "large"}, {"colour", "red"}}, int64_t{-4});
  EXPECT_EQ(text.text(),
            "# HELP emb_things_total Things that there were.\n"
            "# TYPE emb_things_total counter\n"
            "emb_things_total{kind=\"small\"} 3\n"
            "emb_things_total{kind=\"large\",colour=\"red\"} -4\n");
}

TEST(MetricsText, EscapesWhatALabelMayHold) {
  MetricsText text;
  text.Begin("m", "gauge", "M.");
  text.Sample({{"table", "a\"b\\c\nd"}}, int64_t{1});
  EXPECT_THAT(text.text(), HasSubstr(R"(m{table="a\"b\\c\nd"} 1)"));
}

TEST(MetricsText, WritesNumbersInFull) {
  const struct {
    double value;
    const char* text;
  } cases[] = {{0, "m 0\n"},
               {1780000000, "m 1780000000\n"},
               {0.00005, "m 5e-05\n"},
               {1.5, "m 1.5\n"},
               {-2, "m -2\n"},
               {std::numeric_limits<double>::infinity(), "m +Inf\n"},
               {-std::numeric_limits<double>::infinity(), "m -Inf\n"},
               {std::numeric_limits<double>::quiet_NaN(), "m NaN\n"}};
  for (const auto& c : cases) {
    MetricsText text;
    text.Gauge("m", "M.", c.value);
    EXPECT_THAT(text.text(), HasSubstr(c.text));
  }
}

TEST(MetricsText, CumulatesTheBucketsOfAHistogram) {
  Histogram histogram;
  histogram.Observe(absl::Microseconds(50));  // On the bound: in the bucket.
  histogram.Observe(absl::Microseconds(70));
  histogram.Observe(absl::Milliseconds(3));
  histogram.Observe(absl::Seconds(100));
  histogram.Observe(absl::Seconds(-1));  // A clock that went back.
  MetricsText text;
  text.Spread("t_seconds", "T.", histogram);
  for (const char* line :
       {"t_seconds_bucket{le=\"5e-05\"} 2\n",
        "t_seconds_bucket{le=\"0.0001\"} 3\n",
        "t_seconds_bucket{le=\"0.002\"} 3\n",
        "t_seconds_bucket{le=\"0.005\"} 4\n", "t_seconds_bucket{le=\"10\"} 4\n",
        "t_seconds_bucket{le=\"+Inf\"} 5\n", "t_seconds_sum 100.00312\n",
        "t_seconds_count 5\n"}) {
    EXPECT_THAT(text.text(), HasSubstr(line));
  }
}

TEST(CallMetrics, HasEverySeriesFromTheStart) {
  CallMetrics calls;
  MethodMetrics& method = calls.Add("p.Service", "Get", "unary");
  EXPECT_EQ(calls.Find("/p.Service/Get"), &method);
  EXPECT_EQ(calls.Find("/p.Service/Set"), nullptr);
  method.started.Add(2);
  method.CountHandled(absl::StatusCode::kNotFound, absl::Milliseconds(1));
  MetricsText text;
  calls.Write(text);
  const std::string labels =
      R"(grpc_type="unary",grpc_service="p.Service",grpc_method="Get")";
  for (const std::string& line :
       {"grpc_server_started_total{" + labels + "} 2\n",
        "grpc_server_handled_total{" + labels + ",grpc_code=\"NotFound\"} 1\n",
        "grpc_server_handled_total{" + labels + ",grpc_code=\"OK\"} 0\n",
        "grpc_server_msg_sent_total{" + labels + "} 0\n",
        "grpc_server_handling_seconds_count{" + labels + "} 1\n"}) {
    EXPECT_THAT(text.text(), HasSubstr(line));
  }
}

TEST(LookupMetrics, TellsWhatBecameOfEachLookup) {
  LookupMetrics lookups;
  lookups.requests.Add(4);
  lookups.CountEnd(absl::StatusCode::kOk, absl::Milliseconds(1));
  lookups.CountEnd(absl::StatusCode::kOutOfRange, absl::Milliseconds(1));
  lookups.CountShed(ShedReason::kBytes);
  lookups.CountShed(ShedReason::kQueueTimeout);
  MetricsText text;
  lookups.Write(text);
  for (const char* line :
       {"emb_lookup_requests_total 4\n", "emb_lookup_answered_total 1\n",
        "emb_lookup_failed_total{code=\"OutOfRange\"} 1\n",
        "emb_lookup_failed_total{code=\"Internal\"} 0\n",
        "emb_shed_total{reason=\"bytes\"} 1\n",
        "emb_shed_total{reason=\"queue_timeout\"} 1\n",
        "emb_shed_total{reason=\"requests\"} 0\n",
        "emb_lookup_seconds_count 2\n"}) {
    EXPECT_THAT(text.text(), HasSubstr(line));
  }
  EXPECT_THAT(text.text(), Not(HasSubstr("code=\"OK\"")));
}

TEST(StoreMetrics, LeavesOutFoldsThatWereGivenUp) {
  StoreMetrics store;
  store.CountFold(absl::OkStatus(), absl::Seconds(2));
  store.CountFold(absl::CancelledError(""), absl::Seconds(5));
  store.CountFold(absl::InternalError(""), absl::Seconds(1));
  store.CountBackup(absl::DataLossError(""));
  MetricsText text;
  store.Write(text);
  for (const char* line :
       {"emb_folds_total{outcome=\"ok\"} 1\n",
        "emb_folds_total{outcome=\"failed\"} 1\n", "emb_fold_seconds_total 3\n",
        "emb_backups_total{outcome=\"failed\"} 1\n"}) {
    EXPECT_THAT(text.text(), HasSubstr(line));
  }
}

TEST(TableCounters, AddUpOverThreads) {
  TableCounters counters;
  counters.CountLookup({.all = 10, .padding = 2, .missing = 3});
  counters.CountLookup({.all = 5});
  counters.CountError(absl::StatusCode::kOutOfRange);
  EXPECT_EQ(counters.lookups(), 2);
  EXPECT_EQ(counters.ids().all, 15);
  EXPECT_EQ(counters.ids().padding, 2);
  EXPECT_EQ(counters.ids().missing, 3);
  EXPECT_EQ(counters.errors(absl::StatusCode::kOutOfRange), 1);
  EXPECT_EQ(counters.errors(absl::StatusCode::kNotFound), 0);
}

TEST(ProcessMetrics, TellOfThisProcess) {
  MetricsText text;
  WriteProcessMetrics(text);
  for (const char* pattern :
       {"process_resident_memory_bytes [1-9]",
        "process_cpu_seconds_total [0-9]", "process_open_fds [1-9]",
        "process_max_fds [1-9]", "process_start_time_seconds 1[0-9]"}) {
    EXPECT_THAT(text.text(), ContainsRegex(pattern));
  }
}

}  // namespace
}  // namespace emb
