// embctl table create, list, describe and drop.
#include <cmath>
#include <limits>
#include <string>
#include <variant>
#include <vector>

#include "tests/unit/client/cli/cli_fixture.h"

namespace emb {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Pair;
using testing::StartsWith;
using testing::UnorderedElementsAre;

using InitArg = std::variant<double, std::string>;

class TableCommandsTest : public CliTest {
 protected:
  static std::vector<std::string> Create(std::vector<std::string> more) {
    more.insert(more.begin(),
                {"table", "create", "item", "--rows", "10507", "--dim", "64"});
    return more;
  }

  // What `table create` with these flags asks the server for.
  TableOptions Created(const std::vector<std::string>& more) {
    EXPECT_EQ(Run(Create(more)), kExitOk) << err_;
    return server_->created.empty() ? TableOptions() : server_->created.back();
  }
};

TEST_F(TableCommandsTest, CreateAsksForTheDefaults) {
  const TableOptions options = Created({});
  EXPECT_EQ(options.name, "item");
  EXPECT_EQ(options.num_rows, 10'507);
  EXPECT_EQ(options.dim, 64);
  EXPECT_EQ(options.dtype, ElementType::kFloat32);
  EXPECT_EQ(options.padding_idx, std::nullopt);
  EXPECT_EQ(options.max_norm, std::nullopt);
  EXPECT_EQ(options.norm_type, std::nullopt);
  EXPECT_EQ(options.initializer.scheme, "normal");
  EXPECT_TRUE(options.initializer.args.empty());
  EXPECT_EQ(options.seed, 0U);
  EXPECT_EQ(out_,
            "created item: 10,507 rows x 64, float32, 2.6 MiB, version 1\n");
  EXPECT_EQ(err_, "");
}

TEST_F(TableCommandsTest, CreateAsksForWhatIsGiven) {
  const TableOptions options = Created(
      {"--padding-idx", "-1", "--max-norm", "1.5", "--norm-type", "1",
       "--dtype", "int8", "--init", "kaiming_uniform", "--init-arg",
       "mode=fan_out", "--init-arg", "a=-0.5", "--seed", "42", "--json"});
  EXPECT_EQ(options.padding_idx, -1);
  EXPECT_EQ(options.max_norm, 1.5);
  EXPECT_EQ(options.norm_type, 1.);
  EXPECT_EQ(options.dtype, ElementType::kInt8Rowwise);
  EXPECT_EQ(options.initializer.scheme, "kaiming_uniform");
  EXPECT_THAT(options.initializer.args,
              UnorderedElementsAre(Pair("mode", InitArg("fan_out")),
                                   Pair("a", InitArg(-0.5))));
  EXPECT_EQ(options.seed, 42U);
  EXPECT_EQ(OutJson()["name"], "item");
  EXPECT_EQ(OutJson()["padding_idx"], -1);
  EXPECT_EQ(OutJson()["version"], 1);
}

TEST_F(TableCommandsTest, InitArgsAreNumbersWhereTheyCanBe) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const struct {
    std::string text;
    InitArg want;
  } cases[] = {
      {"a=1", 1.},          {"a=-1e-3", -1e-3},     {"a=.5", .5},
      {"a=inf", kInfinity}, {"a=-inf", -kInfinity}, {"a=relu", "relu"},
      {"a=", ""},           {"a=b=c", "b=c"},       {"a=1x", "1x"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.text);
    EXPECT_THAT(Created({"--init-arg", c.text}).initializer.args,
                ElementsAre(Pair("a", c.want)));
  }
  const auto args = Created({"--init-arg", "a=nan"}).initializer.args;
  ASSERT_TRUE(std::holds_alternative<double>(args.at("a")));
  EXPECT_TRUE(std::isnan(std::get<double>(args.at("a"))));
}

TEST_F(TableCommandsTest, RefusesOtherInitArgs) {
  ExpectInvalid(Create({"--init-arg", "gain"}),
                "--init-arg: \"gain\", want KEY=VALUE");
  ExpectInvalid(Create({"--init-arg", "=1"}),
                "--init-arg: \"=1\", want KEY=VALUE");
  ExpectInvalid(Create({"--init-arg", "a=1", "--init-arg", "a=2"}),
                "--init-arg: \"a\" given twice");
}

TEST_F(TableCommandsTest, TakesEverySeedOfTorch) {
  constexpr uint64_t kMax = std::numeric_limits<uint64_t>::max();
  EXPECT_EQ(Created({"--seed", "-1"}).seed, kMax);
  EXPECT_EQ(Created({"--seed", "18446744073709551615"}).seed, kMax);
  EXPECT_EQ(Created({"--seed=-9223372036854775808"}).seed, uint64_t{1} << 63);
  EXPECT_EQ(Created({"--seed", "010"}).seed, 10U);
}

TEST_F(TableCommandsTest, RefusesOtherSeeds) {
  const std::string seeds[] = {
      "18446744073709551616", "-9223372036854775809", "x", "1.5", "0x10", ""};
  for (const std::string& seed : seeds) {
    ExpectInvalid(
        Create({"--seed", seed}),
        "--seed: \"" + seed + "\", want an integer from -2^63 to 2^64 - 1");
  }
}

TEST_F(TableCommandsTest, RefusesAnUnknownType) {
  ExpectInvalid(Create({"--dtype", "float128"}),
                "--dtype: \"float128\", want float32, float16, bfloat16, int8 "
                "or int4");
  ExpectInvalid(Create({"--dtype", "default"}),
                "--dtype: \"default\", want float32, float16, bfloat16, int8 "
                "or int4");
}

TEST_F(TableCommandsTest, NeedsNameRowsAndDim) {
  ExpectUsageError({"table", "create", "--rows", "1", "--dim", "1"},
                   "NAME is required");
  ExpectUsageError({"table", "create", "t", "--dim", "1"},
                   "--rows is required");
  ExpectUsageError({"table", "create", "t", "--rows", "1"},
                   "--dim is required");
  ExpectUsageError({"table", "describe"}, "NAME is required");
  ExpectUsageError({"table", "drop"}, "NAME is required");
  ExpectUsageError({"table", "drop", "a", "b"}, "unexpected \"b\"");
  ExpectUsageError(Create({"--init"}), "--init: want a value");
}

// The parser alone would make 2^63 - 1 of 2^63, and 8 of 010.
TEST_F(TableCommandsTest, ReadsIntegersAsDecimal) {
  EXPECT_EQ(Created({"--padding-idx", "010"}).padding_idx, 10);
  for (const std::string bad :
       {"a", "", "1.5", "1e3", "0x10", "9223372036854775808"}) {
    ExpectUsageError({"table", "create", "t", "--rows", bad, "--dim", "1"},
                     "--rows: \"" + bad + "\", want an integer of 64 bits");
  }
}

// A table may be called as a command is.
TEST_F(TableCommandsTest, TakesNamesOfCommandsAsNames) {
  EXPECT_EQ(Run({"table", "describe", "status"}), kExitOk);
  EXPECT_EQ(Run({"table", "drop", "list"}), kExitOk);
  EXPECT_EQ(out_, "dropped list\n");
  EXPECT_THAT(server_->names, ElementsAre("status", "list"));
}

TEST_F(TableCommandsTest, ListShowsTables) {
  EXPECT_EQ(Run({"table", "list"}), kExitOk);
  EXPECT_THAT(out_,
              StartsWith("no tables; make one with: embctl table create"));
  server_->tables.resize(2);
  server_->tables[0].options.name = "item";
  server_->tables[1].options.name = "user";
  EXPECT_EQ(Run({"table", "list"}), kExitOk);
  EXPECT_THAT(out_, AllOf(StartsWith("NAME "), HasSubstr("\nitem "),
                          HasSubstr("\nuser ")));
  EXPECT_EQ(Run({"table", "list", "--json"}), kExitOk);
  ASSERT_EQ(OutJson().size(), 2U);
  EXPECT_EQ(OutJson()[1]["name"], "user");
}

TEST_F(TableCommandsTest, ASlowCreateShowsThatItIsAtWork) {
  const std::vector<std::string> create = {"table", "create", "t", "--rows",
                                           "1000",  "--dim",  "1"};
  create_is_slow_ = true;
  err_is_terminal_ = true;
  EXPECT_EQ(Run(create), kExitOk);
  EXPECT_THAT(err_, AllOf(StartsWith("\rcreating t, 1,000 rows x 1: 0 s\033[K"),
                          EndsWith("\r\033[K")));
  EXPECT_THAT(out_, StartsWith("created t: "));

  server_->status = absl::ResourceExhaustedError("memory");
  EXPECT_EQ(Run(create), kExitResourceExhausted);
  EXPECT_THAT(err_, EndsWith("\r\033[Kembctl: RESOURCE_EXHAUSTED: memory\n"));
}

TEST_F(TableCommandsTest, AQuickCreateShowsNothingElse) {
  err_is_terminal_ = true;
  EXPECT_EQ(Run({"table", "create", "t", "--rows", "1", "--dim", "1"}),
            kExitOk);
  EXPECT_EQ(err_, "");
}

TEST_F(TableCommandsTest, DescribeShowsATable) {
  EXPECT_EQ(Run({"table", "describe", "item"}), kExitOk);
  EXPECT_THAT(out_, StartsWith("name         item\n"));
  EXPECT_EQ(Run({"table", "describe", "item", "--json"}), kExitOk);
  EXPECT_EQ(OutJson()["name"], "item");
}

TEST_F(TableCommandsTest, DropNamesTheTable) {
  EXPECT_EQ(Run({"table", "drop", "item"}), kExitOk);
  EXPECT_EQ(out_, "dropped item\n");
  EXPECT_EQ(Run({"table", "drop", "item", "--json"}), kExitOk);
  EXPECT_EQ(out_, "{\"dropped\":\"item\"}\n");
}

}  // namespace
}  // namespace emb
