#include "client/cli/token_file.h"

#include <filesystem>
#include <memory>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"
#include "tests/unit/client/cli/npy_bytes.h"

namespace emb {
namespace {

using absl::StatusCode;
using testing::HasSubstr;

int64_t CountFiles(const TempDir& dir) {
  const std::filesystem::directory_iterator files(dir.path());
  return std::distance(begin(files), end(files));
}

TEST(TokenFile, AppearsAsAWhole) {
  const TempDir dir;
  const std::string path = dir / "words.tsv";
  WriteFile(path, "old");
  {
    EMB_ASSERT_OK_AND_ASSIGN(const auto given_up, TokenFile::Create(path));
    EMB_ASSERT_OK(given_up->Add(0, "lost"));
  }
  EXPECT_EQ(ReadFile(path), "old");
  EMB_ASSERT_OK_AND_ASSIGN(const auto file, TokenFile::Create(path));
  std::string want;
  for (int64_t row = 0; row < 20'000; ++row) {
    EMB_ASSERT_OK(file->Add(row, "word\xC3\xA9 "));
    want += std::to_string(row) + "\tword\xC3\xA9 \n";
  }
  EXPECT_EQ(ReadFile(path), "old");
  EMB_ASSERT_OK(file->Commit());
  EXPECT_EQ(ReadFile(path), want);
  EXPECT_EQ(CountFiles(dir), 1);
}

TEST(TokenFile, RefusesWordsThatWouldBreakALine) {
  const TempDir dir;
  EMB_ASSERT_OK_AND_ASSIGN(const auto file, TokenFile::Create(dir / "words"));
  for (const std::string word : {"a\tb", "a\nb", "a\rb"}) {
    EXPECT_THAT(file->Add(7, word), StatusIs(StatusCode::kInvalidArgument,
                                             HasSubstr("row 7: a word with")));
  }
}

TEST(TokenFile, SaysWhereItCannotWrite) {
  const TempDir dir;
  EXPECT_THAT(TokenFile::Create(dir / "none/words.tsv"),
              StatusIs(StatusCode::kNotFound, HasSubstr("No such file")));
  EXPECT_THAT(
      TokenFile::Create(dir.path()),
      StatusIs(StatusCode::kFailedPrecondition, HasSubstr("Is a directory")));
}

}  // namespace
}  // namespace emb
