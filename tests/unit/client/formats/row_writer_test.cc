#include "client/formats/row_writer.h"

#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/client/formats/read_rows.h"

namespace emb {
namespace {

using absl::StatusCode;
using testing::ElementsAre;
using testing::HasSubstr;

using Limits = std::numeric_limits<float>;

// Every kind of float32, in rows of two.
std::vector<float> Rows() {
  std::vector<float> values = {0.0F,
                               -0.0F,
                               1.0F / 3,
                               Limits::max(),
                               Limits::lowest(),
                               Limits::min(),
                               Limits::denorm_min(),
                               Limits::infinity(),
                               -Limits::infinity(),
                               Limits::quiet_NaN(),
                               16'777'217.0F,
                               1e-7F};
  // Mantissas and exponents of all lengths.
  for (uint32_t bits = 1; bits < 0x7f800000U; bits += 9'999'991U) {
    float value = 0;
    std::memcpy(&value, &bits, sizeof(value));
    values.push_back(value);
    values.push_back(-value);
  }
  return values;
}

// All of `rows`, `step` rows at a time.
absl::StatusOr<std::string> WriteAll(WriteFormat format,
                                     const std::vector<float>& rows,
                                     WriteOptions options, size_t step) {
  options.dim = 2;
  options.rows = static_cast<int64_t>(rows.size()) / 2;
  std::string bytes;
  auto writer =
      StartWriting(format, std::move(options), [&](absl::string_view more) {
        bytes.append(more.data(), more.size());
        return absl::OkStatus();
      });
  if (!writer.ok()) return writer.status();
  for (size_t at = 0; at < rows.size(); at += 2 * step) {
    const absl::Status status =
        (*writer)->Write(absl::MakeSpan(rows).subspan(at, 2 * step));
    if (!status.ok()) return status;
  }
  return bytes;
}

struct Case {
  std::string name;
  Format read_as;
};

class RowWriterTest : public testing::TestWithParam<Case> {};

TEST_P(RowWriterTest, WhatIsWrittenIsReadBackBitForBit) {
  EMB_ASSERT_OK_AND_ASSIGN(const WriteFormat format,
                           WriteFormatNamed(GetParam().name));
  const std::vector<float> rows = Rows();
  for (const size_t step : {size_t{1}, size_t{3}, rows.size()}) {
    EMB_ASSERT_OK_AND_ASSIGN(const std::string bytes,
                             WriteAll(format, rows, {}, step));
    EMB_ASSERT_OK_AND_ASSIGN(const ReadTable read, ReadAllRows(bytes));
    EXPECT_EQ(read.format, GetParam().read_as);
    EXPECT_EQ(read.dim, 2);
    EXPECT_TRUE(SameBits(read.values, rows)) << GetParam().name;
  }
}

INSTANTIATE_TEST_SUITE_P(
    AllFormats, RowWriterTest,
    testing::Values(Case{"npy", Format::kNpy},
                    Case{"safetensors", Format::kSafetensors},
                    Case{"tsv", Format::kTsv},
                    Case{"word2vec-text", Format::kWord2vecText},
                    Case{"word2vec-binary", Format::kWord2vecBinary}),
    [](const auto& one) {
      std::string name = one.param.name;
      for (char& letter : name) letter = letter == '-' ? '_' : letter;
      return name;
    });

TEST(RowWriter, WritesTheWordsItIsTold) {
  for (const WriteFormat format :
       {WriteFormat::kWord2vecText, WriteFormat::kWord2vecBinary}) {
    WriteOptions options;
    options.token = [word = std::string("w")]() mutable {
      return absl::StatusOr<std::string>(word += "\xC3\xA9");
    };
    EMB_ASSERT_OK_AND_ASSIGN(const std::string bytes,
                             WriteAll(format, {1, 2, 3, 4}, options, 2));
    ReadOptions read_options;
    read_options.tokens = WantTokens;
    EMB_ASSERT_OK_AND_ASSIGN(const ReadTable read,
                             ReadAllRows(bytes, read_options));
    EXPECT_THAT(read.tokens, ElementsAre("w\xC3\xA9", "w\xC3\xA9\xC3\xA9"));
    EXPECT_THAT(read.values, ElementsAre(1, 2, 3, 4));
  }
}

TEST(RowWriter, RefusesWordsThatTheFormatCannotHold) {
  for (const std::string word : {"", "two words", "a\tb", "a\nb"}) {
    WriteOptions options;
    options.token = [word] { return absl::StatusOr<std::string>(word); };
    EXPECT_THAT(WriteAll(WriteFormat::kWord2vecText, {1, 2}, options, 1),
                StatusIs(StatusCode::kInvalidArgument,
                         HasSubstr("row 0: the word \"" + word + "\"")));
  }
}

TEST(RowWriter, CallsTheTensorAsItIsTold) {
  WriteOptions options;
  options.tensor = "item \"a\".weight";
  EMB_ASSERT_OK_AND_ASSIGN(
      const std::string bytes,
      WriteAll(WriteFormat::kSafetensors, {1, 2}, options, 1));
  ReadOptions read_options;
  read_options.tensor = options.tensor;
  EMB_ASSERT_OK_AND_ASSIGN(const ReadTable read,
                           ReadAllRows(bytes, read_options));
  EXPECT_THAT(read.values, ElementsAre(1, 2));
  for (const char* const wrong : {"\xff", "__metadata__"}) {
    options.tensor = wrong;
    EXPECT_THAT(WriteAll(WriteFormat::kSafetensors, {1, 2}, options, 1),
                StatusIs(StatusCode::kInvalidArgument, HasSubstr("tensor \"")));
  }
}

TEST(WriteFormat, IsToldByNameOrPath) {
  EXPECT_THAT(WriteFormatOfPath("a/b.bin"),
              IsOkAndHolds(WriteFormat::kWord2vecBinary));
  EXPECT_THAT(WriteFormatOfPath("b.npy"), IsOkAndHolds(WriteFormat::kNpy));
  EXPECT_THAT(WriteFormatOfPath("b.npz"),
              StatusIs(StatusCode::kInvalidArgument,
                       HasSubstr("\"b.npz\": its name tells no format")));
  EXPECT_THAT(WriteFormatNamed("csv"),
              StatusIs(StatusCode::kInvalidArgument,
                       HasSubstr("format \"csv\": unknown, want one of npy, "
                                 "safetensors, tsv")));
}

}  // namespace
}  // namespace emb
