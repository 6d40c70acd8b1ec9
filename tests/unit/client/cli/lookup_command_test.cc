// embctl lookup.
#include <limits>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "client/formats/table_file.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"
#include "tests/unit/client/cli/cli_fixture.h"

namespace emb {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class LookupCommandTest : public CliTest {
 protected:
  // The one feature that `lookup args...` asks for.
  Feature Asked(std::vector<std::string> args) {
    args.insert(args.begin(), "lookup");
    EXPECT_EQ(Run(args), kExitOk) << err_;
    if (server_->lookups.empty()) return {};
    EXPECT_EQ(server_->lookups.back().features.size(), 1U);
    EXPECT_FALSE(server_->lookups.back().partial);
    return server_->lookups.back().features.at(0);
  }

  const TempDir dir_;
};

TEST_F(LookupCommandTest, PrintsARowALine) {
  const Feature feature = Asked({"item", "3", "1"});
  EXPECT_EQ(feature.table, "item");
  EXPECT_EQ(feature.version, 0U);
  EXPECT_THAT(feature.ids, ElementsAre(3, 1));
  EXPECT_TRUE(std::holds_alternative<std::monostate>(feature.shape));
  EXPECT_TRUE(std::holds_alternative<std::monostate>(feature.combine));
  EXPECT_EQ(feature.padding_id, std::nullopt);
  EXPECT_EQ(server_->timeouts.back(), absl::Seconds(1));
  EXPECT_EQ(out_,
            "{\"table\":\"item\",\"version\":7,\"revision\":9,\"epoch\":12,"
            "\"shape\":[2,2],\"values\":[\n [0.1,-0.0],\n [1.0,2.5]]}\n");
  EXPECT_TRUE(OutJson().is_object());
}

TEST_F(LookupCommandTest, PrintsOneLineOfJson) {
  Asked({"item", "3", "1", "--json"});
  EXPECT_EQ(out_,
            "{\"table\":\"item\",\"version\":7,\"revision\":9,\"epoch\":12,"
            "\"shape\":[2,2],\"values\":[[0.1,-0.0],[1.0,2.5]]}\n");
}

TEST_F(LookupCommandTest, PrintsValuesThatJsonDoesNotHave) {
  server_->lookup_shape = {1, 2};
  server_->lookup_values = {std::numeric_limits<float>::quiet_NaN(),
                            -std::numeric_limits<float>::infinity()};
  Asked({"item", "1"});
  EXPECT_EQ(OutJson()["values"].dump(), R"([["NaN","-Infinity"]])");
}

TEST_F(LookupCommandTest, TakesNegativeIdsForIds) {
  EXPECT_THAT(Asked({"t", "-1", "-2"}).ids, ElementsAre(-1, -2));
  EXPECT_THAT(Asked({"t", "1", "--json", "-3"}).ids, ElementsAre(1, -3));
  EXPECT_THAT(Asked({"t", "-9223372036854775808"}).ids,
              ElementsAre(std::numeric_limits<int64_t>::min()));
}

TEST_F(LookupCommandTest, ReadsIdsAsDecimal) {
  EXPECT_THAT(Asked({"t", "010", "08", "+2"}).ids, ElementsAre(10, 8, 2));
  for (const std::string bad :
       {"x", "1.5", "0x10", "1,2", "9223372036854775808"}) {
    ExpectUsageError({"lookup", "t", "1", bad},
                     "ID: \"" + bad + "\", want an integer of 64 bits");
  }
}

TEST_F(LookupCommandTest, TakesNamesOfCommandsAsNames) {
  EXPECT_EQ(Asked({"status", "1"}).table, "status");
  EXPECT_EQ(Asked({"table", "1"}).table, "table");
}

TEST_F(LookupCommandTest, TakesAVersion) {
  const Feature feature = Asked({"item@7", "1"});
  EXPECT_EQ(feature.table, "item");
  EXPECT_EQ(feature.version, 7U);
  EXPECT_EQ(Asked({"item@18446744073709551615", "1"}).version,
            std::numeric_limits<uint64_t>::max());
}

TEST_F(LookupCommandTest, RefusesOtherVersions) {
  for (const std::string bad :
       {"item@", "item@x", "item@0", "item@-1", "item@1.0", "a@b@c", "a@1@2",
        "@", "item@18446744073709551616"}) {
    ExpectInvalid({"lookup", bad, "1"},
                  "\"" + bad + "\", want NAME or NAME@VERSION, as item@7");
  }
}

TEST_F(LookupCommandTest, ReadsIdsFromAFile) {
  const std::string path = dir_ / "ids.npy";
  WriteFile(path, NpyHead(NpyDict("'<i4'", "(2, 2)")) +
                      BytesOf<int32_t>({1, -2, 3, 0}));
  const Feature feature = Asked({"item", "--ids-from", path});
  EXPECT_THAT(feature.ids, ElementsAre(1, -2, 3, 0));
  ASSERT_TRUE(std::holds_alternative<DenseShape>(feature.shape));
  EXPECT_THAT(std::get<DenseShape>(feature.shape).dims, ElementsAre(2, 2));
  EXPECT_THAT(
      Asked({"item", "--ids-from", path, "--padding-id", "-2"}).padding_id,
      testing::Optional(-2));
}

TEST_F(LookupCommandTest, WantsIdsFromOnePlace) {
  const std::string path = dir_ / "ids.npy";
  WriteFile(path, NpyHead(NpyDict("'<i8'", "()")) + BytesOf<int64_t>({1}));
  const std::string complaint = "ids: want either ID... or --ids-from FILE";
  ExpectInvalid({"lookup", "item"}, complaint);
  ExpectInvalid({"lookup", "item", "1", "--ids-from", path}, complaint);
  WriteFile(path, "1 2 3\n");
  ExpectInvalid({"lookup", "item", "--ids-from", path},
                "\"" + path + "\": not a .npy file but text (CSV or JSON?)");
  EXPECT_EQ(Run({"lookup", "item", "--ids-from", dir_ / "none"}),
            kExitNotFound);
  ExpectUsageError({"lookup"}, "NAME is required");
}

TEST_F(LookupCommandTest, AsksForPools) {
  const std::pair<std::string, Pool::Mode> modes[] = {
      {"sum", Pool::Mode::kSum},
      {"mean", Pool::Mode::kMean},
      {"max", Pool::Mode::kMax}};
  for (const auto& [name, mode] : modes) {
    const Feature feature =
        Asked({"item", "1", "2", "--pool", name, "--lengths", "2,0"});
    ASSERT_TRUE(std::holds_alternative<Pool>(feature.combine));
    EXPECT_EQ(std::get<Pool>(feature.combine).mode, mode);
    EXPECT_TRUE(std::get<Pool>(feature.combine).weights.empty());
    ASSERT_TRUE(std::holds_alternative<RaggedShape>(feature.shape));
    EXPECT_THAT(std::get<RaggedShape>(feature.shape).lengths,
                ElementsAre(2, 0));
  }
  const Feature weighted =
      Asked({"item", "1", "2", "--pool", "sum", "--weights", "-0.5,2"});
  ASSERT_TRUE(std::holds_alternative<Pool>(weighted.combine));
  EXPECT_THAT(std::get<Pool>(weighted.combine).weights,
              ElementsAre(-0.5F, 2.F));
}

TEST_F(LookupCommandTest, AsksForPadding) {
  const Feature feature =
      Asked({"item", "1", "2", "--lengths", "1,1", "--pad-to", "50"});
  ASSERT_TRUE(std::holds_alternative<Pad>(feature.combine));
  EXPECT_EQ(std::get<Pad>(feature.combine).length, 50);
  EXPECT_EQ(std::get<Pad>(feature.combine).side, Pad::Side::kRight);
  EXPECT_EQ(std::get<Pad>(feature.combine).keep, Pad::Keep::kFirst);
  const Feature left = Asked({"item", "1", "2", "--pad-to", "longest",
                              "--pad-side", "left", "--keep", "last"});
  EXPECT_EQ(std::get<Pad>(left.combine).length, std::nullopt);
  EXPECT_EQ(std::get<Pad>(left.combine).side, Pad::Side::kLeft);
  EXPECT_EQ(std::get<Pad>(left.combine).keep, Pad::Keep::kLast);
  // The ids given are one sequence.
  EXPECT_THAT(std::get<RaggedShape>(left.shape).lengths, ElementsAre(2));
}

TEST_F(LookupCommandTest, PrintsTheLengthsOfPaddedSequences) {
  server_->lookup_shape = {1, 2, 2};
  server_->lookup_lengths = {1};
  Asked({"item", "1", "--pad-to", "2"});
  EXPECT_EQ(OutJson()["lengths"].dump(), "[1]");
  EXPECT_EQ(OutJson()["shape"].dump(), "[1,2,2]");
}

TEST_F(LookupCommandTest, ListsTheMissingIds) {
  server_->lookup_missing = {0b10};
  EXPECT_TRUE(
      Asked({"item", "1", "9", "--missing", "zeros"}).zeros_for_missing);
  EXPECT_EQ(OutJson()["missing"].dump(), "[1]");
  EXPECT_FALSE(
      Asked({"item", "1", "9", "--missing", "error"}).zeros_for_missing);
  EXPECT_FALSE(OutJson().contains("missing"));
}

TEST_F(LookupCommandTest, RefusesFlagsThatMakeNoSense) {
  const std::vector<std::string> lookup = {"lookup", "item", "1"};
  const auto with = [&lookup](const std::vector<std::string>& more) {
    std::vector<std::string> args = lookup;
    args.insert(args.end(), more.begin(), more.end());
    return args;
  };
  ExpectInvalid(with({"--pool", "sum", "--pad-to", "1"}),
                "--pool, --pad-to: want only one");
  const std::string weights = "--weights: want --pool sum with it";
  ExpectInvalid(with({"--weights", "1"}), weights);
  ExpectInvalid(with({"--weights", "1", "--pool", "max"}), weights);
  ExpectInvalid(with({"--weights", "1,x", "--pool", "sum"}),
                "--weights: \"x\", want numbers with commas between them");
  ExpectInvalid(with({"--lengths", "1,,2"}),
                "--lengths: \"\", want numbers with commas between them");
  ExpectInvalid(with({"--lengths", "1.5"}),
                "--lengths: \"1.5\", want numbers with commas between them");
  ExpectUsageError(with({"--pool", "median"}),
                   "--pool: median not in {sum,mean,max}");
  ExpectInvalid(with({"--pad-to", "x"}),
                "--pad-to: \"x\", want a number or longest");
  ExpectInvalid(with({"--keep", "last"}),
                "--pad-side, --keep: want --pad-to with them");
  ExpectUsageError(with({"--missing", "ones"}),
                   "--missing: ones not in {error,zeros}");
  ExpectUsageError(with({"--out"}), "--out: want a value");
}

TEST_F(LookupCommandTest, WritesAFile) {
  const std::string path = dir_ / "rows.npy";
  Asked({"item", "3", "1", "--out", path});
  EXPECT_EQ(out_, "wrote float32 (2, 2) to " + path + "\n");
  EMB_ASSERT_OK_AND_ASSIGN(TableFile file, TableFile::Open(path));
  EXPECT_EQ(file.num_rows(), 2);
  EXPECT_EQ(file.dim(), 2);
  std::vector<float> values(4);
  EMB_ASSERT_OK(file.Read({reinterpret_cast<std::byte*>(values.data()), 16}));
  EXPECT_EQ(values, server_->lookup_values);

  Asked({"item", "3", "1", "--out", path, "--json"});
  EXPECT_EQ(out_,
            "{\"table\":\"item\",\"version\":7,\"revision\":9,\"epoch\":12,"
            "\"shape\":[2,2],\"file\":\"" +
                path + "\"}\n");
}

TEST_F(LookupCommandTest, WritesToTheStandardOutput) {
  Asked({"item", "3", "1", "--out", "-"});
  const std::string path = dir_ / "rows.npy";
  WriteFile(path, out_);
  EMB_ASSERT_OK_AND_ASSIGN(TableFile file, TableFile::Open(path));
  EXPECT_EQ(file.num_rows(), 2);
  EXPECT_EQ(file.dim(), 2);
  std::vector<float> values(4);
  EMB_ASSERT_OK(file.Read({reinterpret_cast<std::byte*>(values.data()), 16}));
  EXPECT_EQ(values, server_->lookup_values);

  EXPECT_EQ(Run({"lookup", "item", "1", "--out", "-", "--json"}), kExitInvalid);
  EXPECT_EQ(out_, "");
  EXPECT_THAT(err_, HasSubstr("--out -, --json: want only one"));
  out_is_terminal_ = true;
  ExpectInvalid(
      {"lookup", "item", "1", "--out", "-"},
      "--out -: the standard output is a terminal, want a file or a pipe");
}

// The library for JSON throws on such text by default.
TEST_F(LookupCommandTest, TakesNamesThatAreNotUtf8) {
  Asked({"item\xFF", "1", "--json"});
  EXPECT_EQ(OutJson()["table"], "item\xEF\xBF\xBD");
}

TEST_F(LookupCommandTest, SaysWhereItCannotWrite) {
  EXPECT_EQ(Run({"lookup", "item", "1", "--out", dir_.path()}),
            kExitPrecondition);
  EXPECT_THAT(err_, HasSubstr("cannot be written"));
  EXPECT_EQ(out_, "");
}

}  // namespace
}  // namespace emb
