// TSV, word2vec and GloVe.
#include "client/formats/text_reader.h"

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
using testing::ElementsAre;
using testing::HasSubstr;

const std::vector<float> kValues = {1, 2, 3, 4};

ReadOptions WithTokens(const std::string& format = "") {
  ReadOptions options;
  options.format = format;
  options.tokens = WantTokens;
  return options;
}

TEST(TextFormats, AreRecognisedAndRead) {
  const struct {
    std::string name;
    std::string text;
    Format format;
    std::vector<std::string> tokens;
  } cases[] = {
      {"tsv", "1\t2\n3\t4\n", Format::kTsv, {}},
      {"no newline at the end", "1\t2\n3\t4", Format::kTsv, {}},
      {"of Windows", "1\t2\r\n3\t4\r\n", Format::kTsv, {}},
      {"a mark of UTF-8",
       "\xEF\xBB\xBF"
       "1\t2\n3\t4\n",
       Format::kTsv,
       {}},
      {"empty lines at the end", "1\t2\n3\t4\n\n \n", Format::kTsv, {}},
      {"labels", "a b\t1\t2\nc\t3\t4\n", Format::kTsv, {"a b", "c"}},
      {"word2vec", "2 2\na 1 2\nb 3 4\n", Format::kWord2vecText, {"a", "b"}},
      {"a blank after each",
       "2 2\na 1 2 \nb 3 4 \n",
       Format::kWord2vecText,
       {"a", "b"}},
      {"numbers as words",
       "2 2\n7 1 2\n8 3 4\n",
       Format::kWord2vecText,
       {"7", "8"}},
      {"GloVe", "the 1 2\n\xC3\xA9 3 4\n", Format::kGlove, {"the", "\xC3\xA9"}},
      {"words with blanks",
       "x 1 2\n. . . 3 4\n",
       Format::kGlove,
       {"x", ". . ."}},
      {"one at first",
       "at a@b.c 1 2\ny 3 4\n",
       Format::kGlove,
       {"at a@b.c", "y"}},
      {"a number among words", "7 1 2\ny 3 4\n", Format::kGlove, {"7", "y"}},
      {"words like numbers", "nan 1 2\ny 3 4\n", Format::kGlove, {"nan", "y"}},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    for (const size_t step : {1, 100}) {
      EMB_ASSERT_OK_AND_ASSIGN(
          const ReadTable table,
          ReadAllRows(c.text, c.tokens.empty() ? ReadOptions{} : WithTokens(),
                      step));
      EXPECT_EQ(table.format, c.format);
      EXPECT_EQ(table.rows, 2);
      EXPECT_EQ(table.dim, 2);
      EXPECT_EQ(table.values, kValues);
      EXPECT_EQ(table.tokens, c.tokens);
    }
  }
}

TEST(TextFormats, ReadColumnsOfOneNumber) {
  EMB_ASSERT_OK_AND_ASSIGN(const ReadTable table, ReadAllRows("1\n2\n3\n4\n"));
  EXPECT_EQ(table.dim, 1);
  EXPECT_EQ(table.values, kValues);
}

// Rows of ten thousand numbers are longer than what formats are told by.
TEST(TextFormats, AreRecognisedByPartOfALine) {
  std::string numbers;
  for (int i = 0; i < 20'000; ++i) numbers += " 0.125";
  EMB_ASSERT_OK_AND_ASSIGN(const ReadTable word2vec,
                           ReadAllRows("1 20000\nword" + numbers + "\n"));
  EXPECT_EQ(word2vec.format, Format::kWord2vecText);
  EMB_ASSERT_OK_AND_ASSIGN(const ReadTable glove,
                           ReadAllRows("word" + numbers + "\n"));
  EXPECT_EQ(glove.format, Format::kGlove);
  EXPECT_EQ(glove.dim, 20'000);
}

TEST(TextFormats, RefuseWhatIsNone) {
  const struct {
    std::string name;
    std::string text;
    std::string complaint;
  } cases[] = {
      {"CSV", "1,2\n3,4\n", "text (CSV or JSON?), want npy, "},
      {"JSON", "{\"a\": 1}\n", "text (CSV or JSON?)"},
      {"a list of words", "a\nb\n", "text"},
      {"metadata", "name\tcount\na\t1\n", "text"},
      {"numbers with blanks", "1 2 3\n4 5 6\n", "want --format glove if"},
      {"no number", "1\t2\n3\tx\n", "line 2: value 2: \"x\", want a number"},
      {"too few", "1\t2\n3\n", "line 2: 1 fields, want 2 numbers"},
      {"too many", "1\t2\n3\t4\t5\n", "line 2: 3 fields, want 2 numbers"},
      {"two tabs", "1\t2\n3\t\t4\n", "line 2: 3 fields, want 2 numbers"},
      {"an empty line", "1\t2\n\n3\t4\n", "line 2: empty"},
      {"beyond float32", "1\t2\n3\t4e39\n",
       "line 2: value 2: 4e39, float32 cannot hold it"},
      {"no word", "a 1 2\n3 4\n", "line 2: 2 fields, want a word and 2"},
      {"a word alone", "a 1 2\nb\n", "line 2: 1 fields, want a word and 2"},
      {"two rows in a line", "a 1 2\nb 3 4 c 5 6\n", "line 2: 6 fields"},
      {"a number too many", "a 1 2\nb 3 4 5\n", "line 2: 4 fields"},
      {"rows missing", "3 2\na 1 2\nb 3 4\n",
       "truncated: 2 lines of rows, want 3"},
      {"rows too many", "1 2\na 1 2\nb 3 4\n",
       "lines after the rows: 2 lines of rows, want 1"},
      {"cut in a row", "2 2\na 1 2\nb 3", "line 3: 2 fields, want a word"},
      {"a header alone", "2 2\n", "truncated: 0 lines of rows, want 2"},
      {"no rows", "0 2\n", "shape (0, 2), want at least one row"},
      {"no columns", "1 0\na\n", "shape (1, 0), want at least one row"},
      {"rows beyond 64 bits", "99999999999999999999 2\na 1 2\n", "want"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    EXPECT_THAT(ReadAllRows(c.text),
                StatusIs(StatusCode::kInvalidArgument, HasSubstr(c.complaint)));
  }
}

TEST(TextFormats, AreReadAsToldWhereTheyMayBeTwo) {
  ReadOptions tsv;
  tsv.format = "tsv";
  EMB_ASSERT_OK_AND_ASSIGN(const ReadTable numbers,
                           ReadAllRows("1 2\n3 4\n", tsv));
  EXPECT_EQ(numbers.values, kValues);
  EMB_ASSERT_OK_AND_ASSIGN(const ReadTable words,
                           ReadAllRows("7 1 2\n8 3 4\n", WithTokens("glove")));
  EXPECT_EQ(words.values, kValues);
  EXPECT_THAT(words.tokens, ElementsAre("7", "8"));
}

TEST(TextFormats, CountWhatIsRounded) {
  EMB_ASSERT_OK_AND_ASSIGN(const ReadTable table,
                           ReadAllRows("0.5\t0.1\nnan\t-inf\n"));
  EXPECT_EQ(table.tally.num_rounded, 1);
  EXPECT_EQ(table.tally.max_error_at, 1);
  EXPECT_EQ(table.tally.num_nan, 1);
  EXPECT_EQ(table.tally.num_infinite, 1);
}

std::string Binary(const std::string& head, const std::string& after) {
  return head + "a " + BytesOf<float>({1, 2}) + after + "\xC3\xA9 " +
         BytesOf<float>({3, 4}) + after;
}

TEST(Word2vecBinary, ReadsVectorsWithAndWithoutNewlines) {
  for (const std::string after : {"", "\n"}) {
    for (const size_t step : {1, 100}) {
      EMB_ASSERT_OK_AND_ASSIGN(
          const ReadTable table,
          ReadAllRows(Binary("2 2\n", after), WithTokens(), step));
      EXPECT_EQ(table.format, Format::kWord2vecBinary);
      EXPECT_EQ(table.values, kValues);
      EXPECT_THAT(table.tokens, ElementsAre("a", "\xC3\xA9"));
    }
  }
}

TEST(Word2vecBinary, RefusesWhatIsCutAndMore) {
  const std::string whole = Binary("2 2\n", "");
  const struct {
    std::string name;
    std::string bytes;
    std::string complaint;
  } cases[] = {
      {"cut in the first row", whole.substr(0, 10), "truncated"},
      {"cut in the last row", whole.substr(0, whole.size() - 1),
       "row 1 at byte 17: truncated: 7 bytes of its vector, want 8"},
      {"a row less", Binary("3 2\n", ""), "too few for 3 x 2"},
      {"bytes after it", whole + "x", "bytes after the last vector, from byte"},
      {"no word", "2 2\n " + std::string(20, '\0'),
       "row 0 at byte 5: an empty"},
      {"a word without end", "1 2\n" + std::string(5'000, 'x'),
       "no word of at most 4096 bytes"},
      {"2^63 rows", Binary("9223372036854775807 2\n", ""), "is beyond 2^63"},
      {"rows for 2^60 bytes", Binary("1152921504606846976 1\n", ""),
       "too few for 1152921504606846976 x 1"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    ReadOptions options;
    options.format = "word2vec-binary";
    EXPECT_THAT(ReadAllRows(c.bytes, options),
                StatusIs(StatusCode::kInvalidArgument, HasSubstr(c.complaint)));
  }
}

}  // namespace
}  // namespace emb
