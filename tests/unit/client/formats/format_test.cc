#include "client/formats/format.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/client/cli/npy_bytes.h"
#include "tests/unit/client/formats/read_rows.h"

namespace emb {
namespace {

using absl::StatusCode;
using testing::HasSubstr;

const std::vector<float> kValues = {1, 2, 3, 4, 5, 6};

TEST(FormatNamed, KnowsNamesAndTheirKin) {
  const struct {
    std::string name;
    Format format;
  } cases[] = {
      {"npy", Format::kNpy},
      {"pt", Format::kTorch},
      {"word2vec_binary", Format::kWord2vecBinary},
      {"projector", Format::kTsv},
  };
  for (const auto& c : cases) {
    EMB_ASSERT_OK_AND_ASSIGN(const FormatChoice choice, FormatNamed(c.name));
    EXPECT_EQ(choice.format, c.format);
  }
  EMB_ASSERT_OK_AND_ASSIGN(const FormatChoice raw, FormatNamed("raw-bfloat16"));
  EXPECT_EQ(raw.format, Format::kRaw);
  EXPECT_EQ(raw.raw_type, SourceType::kBFloat16);
  for (const std::string name : {"", "csv", "raw-", "raw-bool", "NPY"}) {
    EXPECT_THAT(FormatNamed(name),
                StatusIs(StatusCode::kInvalidArgument,
                         HasSubstr("--format: \"" + name +
                                   "\", want one of npy, npz, safetensors, ")));
  }
}

TEST(Raw, WantsItsShape) {
  const std::string bytes = BytesOf(kValues);
  ReadOptions options;
  options.rows = 2;
  options.dim = 3;
  EMB_ASSERT_OK_AND_ASSIGN(const ReadTable table, ReadAllRows(bytes, options));
  EXPECT_EQ(table.format, Format::kRaw);
  EXPECT_EQ(table.values, kValues);
  options.format = "raw-int8";
  options.dim = 12;
  EMB_ASSERT_OK_AND_ASSIGN(const ReadTable narrow, ReadAllRows(bytes, options));
  EXPECT_EQ(narrow.dim, 12);

  const struct {
    int64_t rows;
    int64_t dim;
    std::string complaint;
  } refused[] = {
      {0, 3, "want --rows and --dim"},
      {2, 0, "want --rows and --dim"},
      {2, 4, "24 bytes, want 2 x 4 x 4 of float32"},
      {1, 3, "24 bytes, want 1 x 3 x 4 of float32"},
      {int64_t{1} << 62, 4, "is beyond 2^63"},
  };
  for (const auto& c : refused) {
    options = {};
    options.format = "raw";
    options.rows = c.rows;
    options.dim = c.dim;
    EXPECT_THAT(ReadAllRows(bytes, options),
                StatusIs(StatusCode::kInvalidArgument, HasSubstr(c.complaint)));
  }
}

// Raw values may look like anything.
TEST(Raw, ComesBeforeTextWhereTheSizeAgrees) {
  ReadOptions options;
  options.rows = 2;
  options.dim = 1;
  EMB_ASSERT_OK_AND_ASSIGN(const ReadTable raw,
                           ReadAllRows("1\t2\n3\t4\n", options));
  EXPECT_EQ(raw.format, Format::kRaw);
  options.dim = 2;
  EMB_ASSERT_OK_AND_ASSIGN(const ReadTable tsv,
                           ReadAllRows("1\t2\n3\t4\n", options));
  EXPECT_EQ(tsv.format, Format::kTsv);
}

TEST(OpenTable, RefusesOptionsThatDoNotFit) {
  const std::string npy =
      NpyHead(NpyDict("'<f4'", "(2, 3)")) + BytesOf(kValues);
  const struct {
    ReadOptions options;
    std::string complaint;
  } cases[] = {
      {{.tensor = "a"}, "--tensor: there is one table without a name"},
      {{.rows = 3}, "--rows 3, but there are 2"},
      {{.dim = 2}, "--dim 2, but there are 3"},
      {{.tokens = WantTokens},
       "--tokens: there are no words in it, format npy"},
      {{.format = "npz"}, "zip: no directory"},
      {{.format = "nothing"}, "--format: \"nothing\""},
  };
  for (const auto& c : cases) {
    EXPECT_THAT(ReadAllRows(npy, c.options),
                StatusIs(StatusCode::kInvalidArgument, HasSubstr(c.complaint)));
  }
  EMB_EXPECT_OK(ReadAllRows(npy, {.rows = 2, .dim = 3}));
}

TEST(RecogniseFormat, SaysWhatOtherFilesSeemToBe) {
  const struct {
    std::string bytes;
    std::string complaint;
  } cases[] = {
      {"", "an empty file, want npy"},
      {"\x1f\x8b\x08 more", "a gzip file"},
      {"\x89HDF\r\n", "an HDF5 file"},
      {"PAR1....", "a Parquet file"},
      {"\x80\x04N.", "a Python pickle, want npy"},
      {"\x80\x02"
       "cos\nsystem\n.",
       "a Python pickle (pickle, byte 2, GLOBAL: \"os.system\" would be "
       "imported, want tensors, dicts, lists and numbers only), want npy"},
      {"\x80\x02"
       "Pid\n.",
       "a Python pickle (pickle, byte 2, PERSID: an opcode"},
      {std::string("\x30\0\0\0\0\0\0\0", 8) +
           R"(x{"a":{"data_offsets":[0,4]}})",
       "header of 48 bytes, but only"},
      {std::string("\0\0\x80\x3F", 4), "binary data of no format known here"},
      {"\x93NUMPX\x01", "of no format known here"},
      {"<html>", "text (CSV or JSON?)"},
  };
  for (const auto& c : cases) {
    EXPECT_THAT(ReadAllRows(c.bytes),
                StatusIs(StatusCode::kInvalidArgument, HasSubstr(c.complaint)));
  }
}

}  // namespace
}  // namespace emb
