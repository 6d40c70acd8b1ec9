#include "client/cli/output.h"

#include <limits>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace emb {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

using Json = nlohmann::ordered_json;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

TableInfo SomeTable() {
  TableInfo table;
  table.options.name = "item";
  table.options.num_rows = 10'507;
  table.options.dim = 64;
  table.options.dtype = ElementType::kFloat32;
  table.options.padding_idx = 0;
  table.options.initializer = {"kaiming_normal",
                               {{"a", 0.5}, {"mode", "fan_in"}}};
  table.options.seed = std::numeric_limits<uint64_t>::max();
  table.version = 7;
  table.revision = 9;
  table.digest = "0123456789abcdef0123456789abcdef";
  table.data_bytes = 2'689'792;
  table.created_at = absl::FromUnixSeconds(1'700'000'000);
  table.initialized = true;
  table.current = true;
  table.in_memory = true;
  return table;
}

TEST(JsonLine, ReplacesBytesThatAreNotUtf8) {
  EXPECT_EQ(JsonLine({{"file", "a\xFF"}}), "{\"file\":\"a\xEF\xBF\xBD\"}\n");
}

TEST(DescribeNextVersion, TellsWhatChangedAndWhatDidNot) {
  TableInfo before = SomeTable();  // padding_idx 0, no max_norm.
  EXPECT_EQ(DescribeNextVersion(before, before),
            "  padding_idx: 0, as before\n");
  TableInfo after = before;
  after.options.num_rows = 10;
  after.options.padding_idx.reset();
  after.options.max_norm = 2;
  after.options.norm_type = 1;
  EXPECT_EQ(DescribeNextVersion(before, after),
            "  rows: 10, before: 10,507\n"
            "  padding_idx: none, before: 0\n"
            "  max_norm: 2, p = 1, before: none\n");
  before.options.padding_idx.reset();
  EXPECT_EQ(DescribeNextVersion(before, before), "");
}

TEST(TableJson, HoldsEveryField) {
  EXPECT_EQ(TableJson(SomeTable()).dump(),
            R"({"name":"item","rows":10507,"dim":64,"dtype":"float32",)"
            R"("quantization_error":null,)"
            R"("padding_idx":0,"keep_padding_row":false,"max_norm":null,)"
            R"("norm_type":null,"initializer":{"scheme":"kaiming_normal",)"
            R"("args":{"a":0.5,"mode":"fan_in"}},"seed":18446744073709551615,)"
            R"("version":7,"current":true,"pinned":false,"revision":9,)"
            R"("digest":"0123456789abcdef0123456789abcdef",)"
            R"("bytes":2689792,"created_at":"2023-11-14T22:13:20Z",)"
            R"("state":"serving","state_message":""})");
}

TEST(TableJson, SaysThatAnImportedTableHasNoInitializer) {
  TableInfo table = SomeTable();
  table.initialized = false;
  table.options.padding_idx.reset();
  const Json json = TableJson(table);
  EXPECT_TRUE(json["initializer"].is_null());
  EXPECT_TRUE(json["seed"].is_null());
  EXPECT_TRUE(json["padding_idx"].is_null());
}

// As null they could not be told from absent values.
TEST(TableJson, WritesNumbersThatJsonDoesNotHaveAsText) {
  TableInfo table = SomeTable();
  table.options.initializer.args = {
      {"a", std::numeric_limits<double>::quiet_NaN()},
      {"b", kInfinity},
      {"c", -kInfinity}};
  table.options.max_norm = 1.5;
  table.options.norm_type = kInfinity;
  const Json json = Json::parse(JsonLine(TableJson(table)), nullptr, false);
  EXPECT_EQ(json["initializer"]["args"].dump(),
            R"({"a":"NaN","b":"Infinity","c":"-Infinity"})");
  EXPECT_EQ(json["max_norm"], 1.5);
  EXPECT_EQ(json["norm_type"], "Infinity");
}

TEST(TableJson, SaysWhyATableIsDamaged) {
  TableInfo table = SomeTable();
  table.state = absl::DataLossError("chunk 3: checksum");
  EXPECT_EQ(TableJson(table)["state"], "damaged");
  EXPECT_EQ(TableJson(table)["state_message"], "chunk 3: checksum");
}

TEST(ListVersions, TellsWhatBecameOfEach) {
  TableInfo current = SomeTable();
  current.pinned = true;
  TableInfo on_disk = SomeTable();
  on_disk.current = false;
  on_disk.in_memory = false;
  on_disk.version = 8;
  EXPECT_EQ(
      ListVersions({current, on_disk}),
      "VERSION    ROWS  DTYPE       SIZE  REVISION  CREATED               "
      "DIGEST                            STATE\n"
      "      7  10,507  float32  2.6 MiB         9  2023-11-14T22:13:20Z  "
      "0123456789abcdef0123456789abcdef  current, pinned\n"
      "      8  10,507  float32  2.6 MiB         9  2023-11-14T22:13:20Z  "
      "0123456789abcdef0123456789abcdef  on disk\n");
}

TEST(DescribeTable, HoldsEveryField) {
  EXPECT_EQ(DescribeTable(SomeTable()),
            "name         item\n"
            "rows         10,507\n"
            "dim          64\n"
            "dtype        float32\n"
            "padding_idx  0\n"
            "max_norm     none\n"
            "initializer  kaiming_normal(a=0.5, mode=fan_in)\n"
            "seed         18446744073709551615\n"
            "version      7\n"
            "revision     9\n"
            "digest       0123456789abcdef0123456789abcdef\n"
            "size         2.6 MiB (2,689,792 bytes)\n"
            "created      2023-11-14T22:13:20Z\n"
            "state        serving\n");
}

TEST(DescribeTable, TellsWhatTheDtypeLost) {
  TableInfo table = SomeTable();
  table.options.dtype = ElementType::kInt8Rowwise;
  table.quantization_error = TableError{0.00213, 0.000581};
  EXPECT_THAT(DescribeTable(table),
              HasSubstr("dtype        int8\n"
                        "error        at most 0.00213, rms 0.000581\n"));
  EXPECT_EQ(TableJson(table)["quantization_error"].dump(),
            R"({"max_abs":0.00213,"rms":0.000581})");
}

TEST(DescribeTable, TellsAnImportedAndDamagedTable) {
  TableInfo table = SomeTable();
  table.initialized = false;
  table.keep_padding_row = true;
  table.options.max_norm = 2;
  table.state = absl::DataLossError("chunk 3: checksum");
  EXPECT_THAT(
      DescribeTable(table),
      AllOf(HasSubstr("initializer  imported\n"), Not(HasSubstr("seed")),
            HasSubstr("padding_idx  0 (row kept as imported)\n"),
            HasSubstr("max_norm     2, p = 2\n"),
            HasSubstr("state        damaged\n"
                      "             chunk 3: checksum\n")));
}

TEST(ListTables, AlignsItsColumns) {
  TableInfo damaged = SomeTable();
  damaged.options.name = "a_longer_name";
  damaged.options.num_rows = 1;
  damaged.state = absl::DataLossError("chunk 3");
  EXPECT_EQ(ListTables({SomeTable(), damaged}),
            "NAME             ROWS  DIM  DTYPE    VERSION     SIZE  STATE\n"
            "item           10,507   64  float32        7  2.6 MiB  serving\n"
            "a_longer_name       1   64  float32        7  2.6 MiB  damaged\n");
}

}  // namespace
}  // namespace emb
