#include "client/formats/safetensors_reader.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/client/cli/npy_bytes.h"
#include "tests/unit/client/formats/read_rows.h"
#include "tests/unit/client/formats/zip_bytes.h"

namespace emb {
namespace {

using absl::StatusCode;
using testing::HasSubstr;

const std::vector<float> kValues = {1, 2, 3, 4, 5, 6};

std::string File(const std::string& json, const std::string& data) {
  return LittleEndianBytes(json.size(), 8) + json + data;
}

std::string Entry(const std::string& name, const std::string& dtype,
                  const std::string& shape, const std::string& offsets) {
  return "\"" + name + R"(":{"dtype":")" + dtype + R"(","shape":)" + shape +
         ",\"data_offsets\":" + offsets + "}";
}

TEST(Safetensors, ReadsOneTensorOfMany) {
  const std::string json = R"({"__metadata__":{"format":"pt"},)" +
                           Entry("a.weight", "F32", "[2,3]", "[0,24]") + "," +
                           Entry("bias", "F32", "[1]", "[24,28]") + "," +
                           Entry("half", "BF16", "[1,2]", "[28,32]") + "," +
                           Entry("empty", "F32", "[0,3]", "[28,28]") + "," +
                           Entry("fine", "F8_E4M3", "[4]", "[32,36]") + "}   ";
  const std::string bytes =
      File(json, BytesOf(kValues) + std::string("\0\0\0\0\x80\x3F\0\x40", 8) +
                     "abcd");
  ReadOptions options;
  options.tensor = "a.weight";
  EMB_ASSERT_OK_AND_ASSIGN(const ReadTable table, ReadAllRows(bytes, options));
  EXPECT_EQ(table.format, Format::kSafetensors);
  EXPECT_EQ(table.values, kValues);
  options.tensor = "half";
  EMB_ASSERT_OK_AND_ASSIGN(const ReadTable half, ReadAllRows(bytes, options));
  EXPECT_EQ(half.values, (std::vector<float>{1, 2}));
  const struct {
    std::string tensor;
    std::string complaint;
  } refused[] = {
      {"bias", "shape (1,), want two axes"},
      {"empty", "shape (0, 3), want at least one row"},
      {"fine", "elements of type \"F8_E4M3\", want F16"},
      {"none", R"(no tensor "none", want "a.weight", "bias", "half")"},
      {"__metadata__", "no tensor \"__metadata__\""},
  };
  for (const auto& c : refused) {
    options.tensor = c.tensor;
    EXPECT_THAT(ReadAllRows(bytes, options),
                StatusIs(StatusCode::kInvalidArgument, HasSubstr(c.complaint)));
  }
  EXPECT_THAT(ReadAllRows(bytes),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("5 tensors")));
}

TEST(Safetensors, RefusesHeadersOfAnotherForm) {
  const struct {
    std::string json;
    std::string complaint;
  } cases[] = {
      {"{\"a\":", "not JSON from byte 6"},
      {"{} x", "not JSON from byte"},
      {"[1]", "header: not JSON from byte 0 on: \"[\", want {"},
      {" {}", "header: not JSON from byte 0 on: \" \", want {"},
      {"{}", "bytes after the tensors: 24, want 0"},
      {"{\"a\":1}", "a number at"},
      {"{\"a\":null}", "null at"},
      {"{\"a\":{}}", "want dtype, shape and data_offsets"},
      {R"({"a":{"dtype":"F32","shape":[2,3]}})", "want dtype, shape and"},
      {R"({"a":{"x":{}}})", "an object at"},
      {R"({"__metadata__":{"a":{}}})", "an object at"},
      {R"({"__metadata__":{"a":1}})", "a number at"},
      {R"({"a":{"dtype":"F32","dtype":"F32"}})", "a string at"},
      {R"({"a":{"shape":[[2]]}})", "an array at"},
      {R"({"a":{"other":[2]}})", "an array at \"other\""},
      {"{" + Entry("a", "F32", "[-2,3]", "[0,24]") + "}", "a negative number"},
      {"{" + Entry("a", "F32", "[2.0,3]", "[0,24]") + "}", "no integer of 64"},
      {"{" + Entry("a", "F32", "[99999999999999999999]", "[0,24]") + "}",
       "no integer of 64 bits"},
      {"{" + Entry("a", "F32", "[9223372036854775808]", "[0,24]") + "}",
       "a number at"},
      {"{" + Entry("a", "F32", "[2,3]", "[0]") + "}", "want two data_offsets"},
      {"{" + Entry("a", "F32", "[2,3]", "[0,24,48]") + "}", "want two"},
      {"{\"\xFF\":{}}", "not JSON"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.json);
    ReadOptions options;
    options.format = "safetensors";
    EXPECT_THAT(ReadAllRows(File(c.json, BytesOf(kValues)), options),
                StatusIs(StatusCode::kInvalidArgument, HasSubstr(c.complaint)));
  }
}

TEST(Safetensors, RefusesOffsetsThatDoNotFill) {
  const struct {
    std::string name;
    std::string entries;
    std::string complaint;
  } cases[] = {
      {"past the end", Entry("a", "F32", "[2,4]", "[0,32]"), "past the end"},
      {"backwards", Entry("a", "F32", "[2,3]", "[24,0]"), "end too early"},
      {"another size", Entry("a", "F32", "[2,2]", "[0,24]"),
       "do not fit shape (2, 2) of F32"},
      {"a size that overflows",
       Entry("a", "F64", "[4611686018427387904,2]", "[0,24]"),
       "is beyond 2^63"},
      {"overlap",
       Entry("a", "F32", "[2,3]", "[0,24]") + "," +
           Entry("b", "F32", "[1]", "[20,24]"),
       "overlap another tensor's"},
      {"a hole at the beginning", Entry("a", "F32", "[5]", "[4,24]"),
       "leave a hole from 0"},
      {"a hole at the end", Entry("a", "F32", "[5]", "[0,20]"),
       "bytes after the tensors: 24, want 20"},
      {"twice",
       Entry("a", "F32", "[3]", "[0,12]") + "," +
           Entry("a", "F32", "[3]", "[12,24]"),
       "2 tensors"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    EXPECT_THAT(ReadAllRows(File("{" + c.entries + "}", BytesOf(kValues))),
                StatusIs(StatusCode::kInvalidArgument, HasSubstr(c.complaint)));
  }
}

TEST(Safetensors, RefusesLengthsPastTheEnd) {
  ReadOptions options;
  options.format = "safetensors";
  EXPECT_THAT(ReadAllRows(LittleEndianBytes(~uint64_t{0}, 8) + "{}", options),
              StatusIs(StatusCode::kInvalidArgument,
                       HasSubstr("header of 18446744073709551615 bytes, but "
                                 "only 2 are there")));
  EXPECT_THAT(ReadAllRows("1234567", options),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("cut off")));
}

}  // namespace
}  // namespace emb
