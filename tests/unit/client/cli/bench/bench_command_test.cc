// embctl bench: its arguments and its report, over a connection that answers
// at once.
#include <atomic>
#include <csignal>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "client/cli/bench/bench_flags.h"
#include "client/cli/bench/bench_report.h"
#include "client/cli/bench/bench_requests.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"
#include "tests/unit/client/cli/cli_fixture.h"

namespace emb {
namespace {

using absl::StatusCode;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class BenchCommandTest : public CliTest {
 protected:
  void ExpectFlagError(std::vector<std::string> args,
                       const std::string& complaint) {
    args.insert(args.begin(), {"bench", "item"});
    ExpectUsageError(args, complaint);
  }
  void ExpectOptionError(std::vector<std::string> args,
                         const std::string& complaint) {
    args.insert(args.begin(), {"bench", "item"});
    ExpectInvalid(args, complaint);
  }

  std::string IdsFileOf(const std::vector<int64_t>& ids) {
    const std::string path = dir_ / "trace.npy";
    WriteFile(path, NpyHead(NpyDict("'<i8'",
                                    "(" + std::to_string(ids.size()) + ",)")) +
                        BytesOf<int64_t>(ids));
    return path;
  }

  const TempDir dir_;
};

TEST_F(BenchCommandTest, NamesTheFlagThatIsWrong) {
  for (const std::string flag : {"--ids", "--bag"}) {
    ExpectFlagError({flag, "0"}, flag + ": 0, want 1 to 1048576");
    ExpectFlagError({flag, "1048577"}, flag + ": 1048577, want 1 to 1048576");
  }
  for (const std::string flag : {"--features", "--connections", "--depth"}) {
    ExpectFlagError({flag, "-1"}, flag + ": -1, want 1 to 1024");
    ExpectFlagError({flag, "1025"}, flag + ": 1025, want 1 to 1024");
    ExpectFlagError({flag, "x"}, flag + ": \"x\", want an integer of 64 bits");
  }
  for (const std::string flag : {"--rate", "--zipf-exponent"}) {
    for (const std::string bad : {"0", "-1", "inf", "nan", "x"}) {
      ExpectFlagError({flag, bad},
                      flag + ": \"" + bad + "\", want a number over 0");
    }
  }
  ExpectFlagError({"--stream", "--rate"}, "--rate: want a value");
  EXPECT_EQ(Run({"bench"}), kExitUsage);
  EXPECT_THAT(err_, HasSubstr("TABLE is required"));
  for (const std::string flag : {"--pool", "--dtype", "--distribution"}) {
    EXPECT_EQ(Run({"bench", "item", flag, "x"}), kExitUsage);
    EXPECT_THAT(err_, AllOf(HasSubstr(flag + ": "), HasSubstr("x not in")));
  }
}

TEST_F(BenchCommandTest, RefusesTimesThatAreNone) {
  const std::string want =
      "\", want a time such as 10s, 500ms or 1m30s, at most 24h";
  for (const std::string bad : {"10", "x", "0s", "-1s", "25h", "inf"}) {
    ExpectOptionError({"--duration=" + bad}, "--duration: \"" + bad + want);
  }
  ExpectOptionError({"--warmup", "-1s"}, "--warmup: \"-1s" + want);
}

TEST_F(BenchCommandTest, RefusesFlagsThatDoNotGoTogether) {
  ExpectOptionError({"--pool", "sum"}, "--pool, --bag: want both or neither");
  ExpectOptionError({"--bag", "2"}, "--pool, --bag: want both or neither");
  ExpectOptionError({"--pool", "sum", "--ids", "10", "--bag", "4"},
                    "--bag: 4, want a divisor of --ids, 10");
  ExpectOptionError({"--tables", "a,,b"},
                    "--tables: \"a,,b\", want names with commas between them");
  ExpectOptionError({"--tables", "a,b", "--features", "2"},
                    "--features: 2, want 3 or more, one for each table");
  ExpectOptionError({"--zipf-exponent", "1"},
                    "--zipf-exponent: want --distribution zipf with it");
  const std::string together =
      "--distribution, --trace: want --distribution trace and --trace FILE "
      "together";
  ExpectOptionError({"--distribution", "trace"}, together);
  ExpectOptionError({"--distribution", "zipf", "--trace", IdsFileOf({1})},
                    together);
  ExpectOptionError({"--trace", IdsFileOf({})},
                    "--trace: no ids, want one or more");
  ExpectOptionError({"--connections", "65", "--depth", "16"},
                    "--connections, --depth: 1040 lookups in flight, want at "
                    "most 1024");
}

TEST_F(BenchCommandTest, TheHelpExplainsCoordinatedOmission) {
  EXPECT_EQ(Run({"bench", "--help"}), kExitOk);
  EXPECT_THAT(out_, AllOf(HasSubstr("coordinated omission"),
                          HasSubstr("counts from the\ntime that its request "
                                    "was due")));
}

TEST_F(BenchCommandTest, OptionsCarryEveryFlag) {
  BenchFlags flags;
  flags.table = "item";
  flags.tables = "user,genre";
  flags.num_features = 5;
  flags.num_ids = 12;
  flags.pool = "max";
  flags.bag_ids = 4;
  flags.dtype = "bfloat16";
  flags.distribution = "zipf";
  flags.zipf_exponent = 0.7;
  flags.rate = 100;
  flags.stream = true;
  flags.duration = "1m30s";
  flags.warmup = "0s";
  EMB_ASSERT_OK_AND_ASSIGN(const BenchOptions options, BenchOptionsOf(flags));
  EXPECT_THAT(options.tables, ElementsAre("item", "user", "genre"));
  EXPECT_EQ(options.ids_per_request(), 60);
  EXPECT_EQ(options.pool, Pool::Mode::kMax);
  EXPECT_EQ(options.dtype, ElementType::kBFloat16);
  EXPECT_EQ(options.distribution, IdDistribution::kZipf);
  EXPECT_EQ(options.zipf_exponent, 0.7);
  EXPECT_EQ(options.depth, 64);
  EXPECT_TRUE(options.stream);
  EXPECT_EQ(options.duration, absl::Seconds(90));
  EXPECT_EQ(options.warmup, absl::ZeroDuration());
  flags.rate.reset();
  EMB_ASSERT_OK_AND_ASSIGN(const BenchOptions closed, BenchOptionsOf(flags));
  EXPECT_EQ(closed.depth, 1);
}

TEST(BenchRequests, FeaturesTakeTablesInTurn) {
  BenchOptions options;
  options.tables = {"item", "user"};
  options.num_features = 3;
  options.num_ids = 8;
  options.pool = Pool::Mode::kSum;
  options.bag_ids = 4;
  const auto requests = MakeBenchRequests(options, {1'000, 2});
  EXPECT_EQ(requests.size(), (size_t{1} << 20) / 24 + 1);
  const LookupRequest& request = requests[5];
  ASSERT_EQ(request.features.size(), 3U);
  EXPECT_EQ(request.features[0].table, "item");
  EXPECT_EQ(request.features[1].table, "user");
  EXPECT_EQ(request.features[2].table, "item");
  EXPECT_THAT(request.features[1].ids, testing::Each(testing::Lt(2)));
  EXPECT_THAT(std::get<DenseShape>(request.features[2].shape).dims,
              ElementsAre(2, 4));
  EXPECT_EQ(std::get<Pool>(request.features[2].combine).mode, Pool::Mode::kSum);
}

TEST(BenchRequests, ATraceKeepsItsOrder) {
  BenchOptions options;
  options.tables = {"item"};
  options.num_features = 2;
  options.num_ids = 2;
  options.distribution = IdDistribution::kTrace;
  options.trace = {5, 6, 7, 8, 9};
  const auto requests = MakeBenchRequests(options, {10});
  ASSERT_EQ(requests.size(), 16U);
  EXPECT_THAT(requests[0].features[0].ids, ElementsAre(5, 6));
  EXPECT_THAT(requests[0].features[1].ids, ElementsAre(7, 8));
  EXPECT_THAT(requests[1].features[0].ids, ElementsAre(9, 5));
  EMB_EXPECT_OK(CheckIds(options, {10, 20}));
  EXPECT_THAT(CheckIds(options, {20, 9}),
              StatusIs(StatusCode::kInvalidArgument,
                       "--trace: ids[4] = 9, want [0, 9)"));
  EXPECT_THAT(CheckIds(options, {0}), StatusIs(StatusCode::kInvalidArgument,
                                               "\"item\": no rows to look up"));
}

// Answers lookups from many threads; the nth one presses Ctrl-C.
class InterruptingConnection : public FakeConnection {
 public:
  absl::StatusOr<LookupResult> Lookup(const LookupRequest& request,
                                      absl::Duration) override {
    if (++num_lookups == interrupt_at) std::raise(SIGINT);
    if (!lookup_status.ok()) return lookup_status;
    LookupResultBuilder builder(1);
    builder.Add({}, request.features[0].ids.size() * 8);
    return builder.Build([](size_t, absl::Span<std::byte>) {});
  }
  absl::StatusOr<TableInfo> GetTable(const std::string& name,
                                     absl::Duration timeout) override {
    auto table = FakeConnection::GetTable(name, timeout);
    if (table.ok()) table->options.num_rows = 100;
    return table;
  }

  std::atomic<int> num_lookups = 0;
  int interrupt_at = 1'000;
  absl::Status lookup_status;
};

class BenchRunTest : public testing::Test {
 protected:
  int Run(std::vector<const char*> args) {
    args.insert(args.begin(), {"embctl", "bench", "item", "--duration", "24h"});
    std::ostringstream out;
    std::ostringstream err;
    Session session = {
        .out = out,
        .err = err,
        .connect = [this](const ClientOptions& options)
            -> absl::StatusOr<Client> { return Client(server_, options); }};
    const int code =
        RunEmbctl(static_cast<int>(args.size()), args.data(), session);
    out_ = out.str();
    err_ = err.str();
    return code;
  }

  const std::shared_ptr<InterruptingConnection> server_ =
      std::make_shared<InterruptingConnection>();
  std::string out_;
  std::string err_;
};

// For a day, if it were not.
TEST_F(BenchRunTest, CtrlCEndsItAndPrintsWhatThereIs) {
  for (const std::vector<const char*>& loop :
       std::vector<std::vector<const char*>>{{"--depth", "3"},
                                             {"--rate", "1000000"}}) {
    server_->num_lookups = 0;
    std::vector<const char*> args = {"--warmup", "0s", "--ids", "4", "--json"};
    args.insert(args.end(), loop.begin(), loop.end());
    EXPECT_EQ(Run(args), kExitOk) << err_;
    const auto json = nlohmann::json::parse(out_, nullptr, false);
    EXPECT_EQ(json["interrupted"], true);
    EXPECT_GE(json["requests"], 1'000);
    EXPECT_EQ(json["requests"], server_->num_lookups.load());
    EXPECT_EQ(json["answered"], json["requests"]);
    EXPECT_EQ(json["failed"], 0);
    EXPECT_GT(json["rows_per_second"], 0);
    EXPECT_GT(json["latency_us"]["p99.9"], 0);
  }
}

TEST_F(BenchRunTest, CtrlCInTheWarmUpPrintsThatToo) {
  EXPECT_EQ(Run({"--warmup", "24h"}), kExitOk) << err_;
  EXPECT_THAT(out_, AllOf(HasSubstr(", interrupted\n"),
                          HasSubstr("0 answered, 0 failed"),
                          Not(HasSubstr("latency"))));
}

TEST_F(BenchRunTest, CountsErrorsByCode) {
  server_->lookup_status = absl::OutOfRangeError("ids[0] = 9");
  EXPECT_EQ(Run({"--warmup", "0s"}), kExitInvalid);
  EXPECT_THAT(out_,
              AllOf(HasSubstr("0 answered, "), HasSubstr(" OUT_OF_RANGE\n"),
                    HasSubstr("last: ids[0] = 9\n")));
  EXPECT_THAT(err_, HasSubstr("OUT_OF_RANGE: ids[0] = 9"));
}

TEST(BenchReport, SaysThatARateWasNotKept) {
  BenchOptions options;
  options.tables = {"item"};
  options.rate = 1'000;
  BenchResult result;
  result.elapsed = absl::Seconds(2);
  result.tally.answered = 500;
  result.tally.unsent = 1'500;
  EXPECT_THAT(DescribeBench(options, result),
              HasSubstr("NOT KEPT: 250/s of 1,000/s, 1,500 requests never "
                        "sent"));
  const auto json = BenchJson(options, {}, result);
  EXPECT_EQ(json["rate"]["kept"], false);
  EXPECT_EQ(json["rate"]["achieved"], 250);
  result.tally.unsent = 0;
  EXPECT_THAT(DescribeBench(options, result),
              AllOf(HasSubstr("kept, sent at most"), Not(HasSubstr("NOT"))));
  options.rate.reset();
  EXPECT_FALSE(BenchJson(options, {}, result).contains("rate"));
}

TEST(BenchReport, ProgressIsOneLine) {
  BenchOptions options;
  BenchTally tally;
  tally.answered = 3'000;
  tally.failed = 2;
  tally.latencies.Record(absl::Milliseconds(5));
  EXPECT_EQ(DescribeBenchProgress(options, absl::Seconds(1), tally),
            "1 s of 12 s: warming up");
  EXPECT_EQ(DescribeBenchProgress(options, absl::Seconds(5), tally),
            "5 s of 12 s: 1,000/s, p99 5.00 ms, 2 failed");
}

}  // namespace
}  // namespace emb
