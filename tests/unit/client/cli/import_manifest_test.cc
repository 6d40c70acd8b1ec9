#include "client/cli/import_manifest.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"
#include "tests/unit/client/cli/npy_bytes.h"

namespace emb {
namespace {

using absl::StatusCode;
using testing::AllOf;
using testing::HasSubstr;

class ImportManifestTest : public testing::Test {
 protected:
  absl::StatusOr<std::vector<ImportJob>> Read(const std::string& text) const {
    WriteFile(path_, text);
    return ReadImportManifest(path_);
  }

  const TempDir dir_;
  const std::string path_ = dir_ / "tables.json";
};

TEST_F(ImportManifestTest, TakesTheFlagsOfTableImport) {
  EMB_ASSERT_OK_AND_ASSIGN(const auto jobs, Read(R"({"tables": [
        {"name": "item", "file": "item.raw", "format": "raw", "rows": 4,
         "dim": 2, "dtype": "float16", "padding_idx": -1,
         "keep_padding_row": true, "max_norm": 1, "norm_type": 0.5},
        {"name": "word", "file": "/w.txt", "tokens": "w.tsv", "tensor": "",
         "no_padding_idx": true, "no_max_norm": false}]})"));
  ASSERT_EQ(jobs.size(), 2U);
  const ImportJob& item = jobs[0];
  EXPECT_EQ(item.table.name, "item");
  EXPECT_EQ(item.file, dir_ / "item.raw");
  EXPECT_EQ(item.read.format, "raw");
  EXPECT_EQ(item.read.rows, 4);
  EXPECT_EQ(item.read.dim, 2);
  EXPECT_EQ(item.table.dtype, "float16");
  EXPECT_TRUE(item.dtype_given);
  EXPECT_EQ(item.table.padding_idx, -1);
  EXPECT_TRUE(item.keep_padding_row);
  EXPECT_EQ(item.table.max_norm, 1);
  EXPECT_EQ(item.table.norm_type, 0.5);
  EXPECT_EQ(item.read.tensor, std::nullopt);
  const ImportJob& word = jobs[1];
  EXPECT_EQ(word.file, "/w.txt");
  EXPECT_EQ(word.tokens, dir_ / "w.tsv");
  EXPECT_EQ(word.read.tensor, "");
  EXPECT_FALSE(word.dtype_given);
  EXPECT_TRUE(word.no_padding_idx);
  EXPECT_FALSE(word.no_max_norm);
}

TEST_F(ImportManifestTest, SaysWhatIsWrongAndWhere) {
  const struct {
    std::string text;
    std::string complaint;
  } cases[] = {
      {"", "no JSON at byte 1"},
      {"{\"tables\": [}", "no JSON at byte 13"},
      {"[]", "manifest: want {\"tables\""},
      {R"({"tables": []})", "manifest: want {\"tables\""},
      {R"({"tables": [], "x": 1})", "manifest: want {\"tables\""},
      {R"({"tables": [1]})", "tables[0]: want {...}"},
      {R"({"tables": [{"file": "a"}]})", "tables[0]: want a \"name\""},
      {R"({"tables": [{"name": "a"}]})", "tables[0]: want a \"file\""},
      {R"({"tables": [{"name": "a", "file": "b", "init": "zeros"}]})",
       "tables[0]: key \"init\", want some of name, file"},
      {R"({"tables": [{"name": 7, "file": "b"}]})",
       "tables[0].name: 7, want text"},
      {R"({"tables": [{"name": "a", "file": "b", "rows": 0}]})",
       "tables[0].rows: 0, want a positive integer"},
      {R"({"tables": [{"name": "a", "file": "b", "dim": 2.5}]})",
       "tables[0].dim: 2.5, want a positive integer"},
      {R"({"tables": [{"name": "a", "file": "b",
                       "padding_idx": 18446744073709551615}]})",
       "padding_idx: 18446744073709551615, want an integer"},
      {R"({"tables": [{"name": "a", "file": "b", "keep_padding_row": 1}]})",
       "keep_padding_row: 1, want true or false"},
      {R"({"tables": [{"name": "a", "file": "b"},
                      {"name": "a", "file": "c"}]})",
       "tables[1]: \"a\" is there twice"},
  };
  for (const auto& one : cases) {
    EXPECT_THAT(Read(one.text), StatusIs(StatusCode::kInvalidArgument,
                                         AllOf(HasSubstr("\"" + path_ + "\""),
                                               HasSubstr(one.complaint))))
        << one.text;
  }
  EXPECT_THAT(ReadImportManifest(dir_ / "none.json"),
              StatusIs(StatusCode::kNotFound, HasSubstr("none.json")));
}

}  // namespace
}  // namespace emb
