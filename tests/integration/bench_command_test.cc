// embctl bench against a real server, for a fraction of a second.
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "client/cli/embctl.h"
#include "client/cli/exit_code.h"
#include "emb/keep_freed_memory.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "tests/testing/in_process_server.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"
#include "tests/unit/client/cli/npy_bytes.h"

namespace emb {
namespace {

class BenchCommandTest : public testing::Test {
 protected:
  void SetUp() override {
    EMB_ASSERT_OK_AND_ASSIGN(server_, InProcessServer::Start());
    for (const std::string name : {"item", "user"}) {
      TableOptions table;
      table.name = name;
      table.num_rows = 1'000;
      table.dim = 8;
      EMB_ASSERT_OK(server_->client().CreateTable(table));
    }
  }

  // Runs `embctl bench item args... --json` and returns what it prints.
  nlohmann::json Bench(const std::vector<std::string>& args) {
    const std::string server = server_->server().data_address();
    const std::string admin = server_->server().admin_address();
    std::vector<const char*> argv = {
        "embctl",   "--server", server.c_str(), "--admin",    admin.c_str(),
        "--json",   "bench",    "item",         "--duration", "200ms",
        "--warmup", "20ms",     "--timeout",    "30"};
    for (const std::string& arg : args) argv.push_back(arg.c_str());
    std::ostringstream out;
    std::ostringstream err;
    Session session = {.out = out, .err = err, .connect = Client::Connect};
    exit_code_ = RunEmbctl(static_cast<int>(argv.size()), argv.data(), session);
    err_ = err.str();
    return nlohmann::json::parse(out.str(), nullptr, false);
  }

  // The histogram's counts, each below its bound, and the maximum in the last.
  static void ExpectCountsOfAll(const nlohmann::json& json) {
    int64_t count = 0;
    double below = 0;
    for (const nlohmann::json& octave : json["latency_histogram_us"]) {
      EXPECT_GE(octave["below"].get<double>(), 2 * below);
      below = octave["below"];
      count += octave["count"].get<int64_t>();
    }
    EXPECT_EQ(json["answered"], count);
    const double max = json["latency_us"]["max"];
    EXPECT_LT(max, below);
    EXPECT_GE(max, below / 2);
  }

  // Sound whatever was asked for.
  static void ExpectReconciled(const nlohmann::json& json) {
    int64_t errors = 0;
    for (const auto& [code, count] : json["errors"].items()) {
      errors += count.get<int64_t>();
    }
    EXPECT_EQ(json["failed"], errors);
    EXPECT_EQ(json["requests"], json["answered"].get<int64_t>() + errors);
    const nlohmann::json& latency = json["latency_us"];
    EXPECT_GT(latency["p50"], 0);
    EXPECT_LE(latency["p50"], latency["p90"]);
    EXPECT_LE(latency["p90"], latency["p99"]);
    EXPECT_LE(latency["p99"], latency["p99.9"]);
    EXPECT_LE(latency["p99.9"], latency["max"]);
    EXPECT_LE(latency["mean"], latency["max"]);
    ExpectCountsOfAll(json);
    EXPECT_GE(json["seconds"], 0.2);
    EXPECT_GT(json["client_cpu_seconds_per_million_rows"], 0);
  }

  std::unique_ptr<InProcessServer> server_;
  int exit_code_ = 0;
  std::string err_;
};

TEST_F(BenchCommandTest, CountsReconcileInEveryLoop) {
  const std::vector<std::string> lines[] = {
      {},
      {"--connections", "2", "--depth", "2"},
      {"--stream"},
      {"--stream", "--connections", "2", "--depth", "3"},
      {"--rate", "200"},
      {"--rate", "200", "--connections", "3"},
      {"--rate", "200", "--stream", "--connections", "2"},
      // More than there can be.
      {"--rate", "1000000", "--depth", "4"},
      {"--rate", "1000000", "--stream", "--depth", "4"},
      {"--distribution", "zipf", "--dtype", "float16"},
      {"--tables", "user", "--pool", "mean", "--bag", "16", "--features", "4"},
  };
  for (std::vector<std::string> line : lines) {
    SCOPED_TRACE(testing::PrintToString(line));
    line.insert(line.end(), {"--ids", "64"});
    const nlohmann::json json = Bench(line);
    ASSERT_EQ(exit_code_, kExitOk) << err_;
    ExpectReconciled(json);
    EXPECT_EQ(json["failed"], 0);
    const double rows = 64 * json["load"]["features"].get<double>();
    EXPECT_DOUBLE_EQ(json["rows_per_second"],
                     rows * json["requests_per_second"].get<double>());
  }
}

TEST_F(BenchCommandTest, AnOpenLoopSendsEveryRequestOrSaysThatItDidNot) {
  for (const std::vector<std::string>& how :
       std::vector<std::vector<std::string>>{{}, {"--stream"}}) {
    for (const std::string rate : {"100", "300000"}) {
      std::vector<std::string> line = {"--rate", rate, "--connections", "2"};
      line.insert(line.end(), how.begin(), how.end());
      const nlohmann::json json = Bench(line);
      ASSERT_EQ(exit_code_, kExitOk) << err_;
      const int64_t due = std::stoll(rate) / 5;
      // The clock decides about those at either end.
      EXPECT_NEAR(
          json["requests"].get<double>() + json["rate"]["unsent"].get<double>(),
          static_cast<double>(due), 4);
      EXPECT_EQ(json["rate"]["kept"], json["rate"]["unsent"] == 0);
      if (rate == "300000") {
        EXPECT_EQ(json["rate"]["kept"], false);
      }
    }
  }
}

// Whoever has the output alone can run it again.
TEST_F(BenchCommandTest, TheLoadHasEveryFlagThatMadeIt) {
  const nlohmann::json plain = {{"tables", {"item"}},
                                {"features", 1},
                                {"ids", 1'024},
                                {"dtype", "float32"},
                                {"distribution", "uniform"},
                                {"seed", 0},
                                {"loop", "closed"},
                                {"connections", 1},
                                {"depth", 1},
                                {"stream", false},
                                {"duration_seconds", 0.2},
                                {"warmup_seconds", 0.02},
                                {"keep_freed_memory", false},
                                {"timeout_seconds", 30.0}};
  EXPECT_EQ(Bench({})["load"], plain);

  // A sanitizer's allocator cannot be told so.
  const bool keeps = KeepFreedMemory().ok();
  nlohmann::json pooled = plain;
  pooled.update({{"tables", {"item", "user"}},
                 {"features", 3},
                 {"ids", 64},
                 {"dtype", "bfloat16"},
                 {"pool", "max"},
                 {"bag", 16},
                 {"distribution", "zipf"},
                 {"zipf_exponent", 0.7},
                 {"seed", 5},
                 {"loop", "open"},
                 {"rate", 150.5},
                 {"connections", 2},
                 {"depth", 8},
                 {"stream", true},
                 {"keep_freed_memory", keeps}});
  std::vector<std::string> line = {
      "--tables", "user",  "--features",      "3",
      "--ids",    "64",    "--dtype",         "bfloat16",
      "--pool",   "max",   "--bag",           "16",
      "--seed",   "5",     "--distribution",  "zipf",
      "--depth",  "8",     "--connections",   "2",
      "--rate",   "150.5", "--zipf-exponent", "0.7",
      "--stream"};
  if (keeps) line.push_back("--keep-freed-memory");
  EXPECT_EQ(Bench(line)["load"], pooled);

  const TempDir dir;
  const std::string trace = dir / "trace.npy";
  WriteFile(trace, NpyHead(NpyDict("'<i8'", "(5,)")) +
                       BytesOf<int64_t>({3, 1, 4, 1, 5}));
  nlohmann::json traced = plain;
  traced.update(
      {{"distribution", "trace"}, {"trace", trace}, {"trace_ids", 5}});
  EXPECT_EQ(Bench({"--trace", trace})["load"], traced);
}

TEST_F(BenchCommandTest, FailuresAreCountedByTheirCode) {
  // 600,000 ids are over the server's limit.
  for (const std::vector<std::string>& how :
       std::vector<std::vector<std::string>>{
           {}, {"--stream", "--depth", "2"}, {"--rate", "100"}}) {
    std::vector<std::string> line = {"--ids", "300000"};
    line.insert(line.end(), how.begin(), how.end());
    const nlohmann::json json = Bench(line);
    EXPECT_EQ(exit_code_, kExitInvalid);
    EXPECT_THAT(err_, testing::HasSubstr("want at most 262144"));
    EXPECT_EQ(json["answered"], 0);
    EXPECT_GT(json["failed"], 0);
    EXPECT_EQ(json["failed"], json["requests"]);
    EXPECT_EQ(json["failed"], json["errors"]["INVALID_ARGUMENT"]);
    EXPECT_TRUE(json["latency_us"].is_null());
  }
}

TEST_F(BenchCommandTest, ATableThatIsNotThereIsAnErrorBeforeTheRun) {
  EXPECT_TRUE(Bench({"--tables", "nobody"}).is_discarded());
  EXPECT_EQ(exit_code_, kExitNotFound);
  EXPECT_THAT(err_, testing::HasSubstr("nobody"));
}

}  // namespace
}  // namespace emb
