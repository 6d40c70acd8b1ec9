// embctl table import.
#include <string>
#include <vector>

#include "tests/testing/temp_dir.h"
#include "tests/unit/client/cli/cli_fixture.h"

namespace emb {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

class ImportCommandTest : public CliTest {
 protected:
  ImportCommandTest() {
    WriteFile(path_, NpyHead(NpyDict("'<f4'", "(3, 2)")) + elements_);
    server_->described = absl::NotFoundError("table \"item\": there is none");
  }

  // There is a table of 4 rows before.
  void HaveTable() const {
    TableInfo before;
    before.options.name = "item";
    before.options.num_rows = 4'000;
    before.options.padding_idx = 1;
    before.options.max_norm = 1.5;
    server_->described = before;
  }

  std::vector<std::string> Import(std::vector<std::string> more) const {
    more.insert(more.begin(), {"table", "import", "item", path_});
    return more;
  }

  const TempDir dir_;
  const std::string path_ = dir_ / "item.npy";
  const std::string elements_ = BytesOf<float>({1, 2, 3, 4, 5, 6});
};

TEST_F(ImportCommandTest, SendsTheFile) {
  EXPECT_EQ(Run(Import({})), kExitOk) << err_;
  EXPECT_EQ(server_->imported, elements_);
  ASSERT_EQ(server_->created.size(), 1U);
  EXPECT_EQ(server_->created[0].name, "item");
  EXPECT_EQ(server_->created[0].num_rows, 3);
  EXPECT_EQ(server_->created[0].dim, 2);
  EXPECT_EQ(server_->created[0].dtype, ElementType::kFloat32);
  EXPECT_EQ(server_->created[0].padding_idx, std::nullopt);
  EXPECT_EQ(server_->keep_padding_row, false);
  EXPECT_EQ(server_->timeouts.back(), absl::Seconds(60));
  EXPECT_EQ(out_, "imported item: 3 rows x 2, float32, 24 B, version 1\n");
  EXPECT_EQ(err_, "");
}

TEST_F(ImportCommandTest, PassesItsFlagsOn) {
  EXPECT_EQ(Run(Import({"--padding-idx", "0", "--keep-padding-row", "--timeout",
                        "5", "--json"})),
            kExitOk)
      << err_;
  EXPECT_EQ(server_->created.at(0).padding_idx, 0);
  EXPECT_EQ(server_->keep_padding_row, true);
  EXPECT_EQ(server_->timeouts.back(), absl::Seconds(5));
  EXPECT_EQ(OutJson()["rows"], 3);
}

TEST_F(ImportCommandTest, ConvertsAndSaysSo) {
  WriteFile(path_, NpyHead(NpyDict("'<f8'", "(3, 2)")) +
                       BytesOf<double>({1, 2, 3, 4, 5, 16777217}));
  EXPECT_EQ(Run(Import({})), kExitOk) << err_;
  EXPECT_EQ(server_->imported, BytesOf<float>({1, 2, 3, 4, 5, 16777216}));
  EXPECT_EQ(out_,
            "imported item: 3 rows x 2, float32, 24 B, version 1\n"
            "  from float64: 1 values rounded to float32, largest error 1 at "
            "row 2, column 1\n");
  EXPECT_EQ(Run(Import({"--json"})), kExitOk) << err_;
  const auto source = OutJson()["source"];
  EXPECT_EQ(source["format"], "npy");
  EXPECT_EQ(source["dtype"], "float64");
  EXPECT_EQ(source["rounded"], 1);
  EXPECT_EQ(source["max_abs_error"], 1.0);
  EXPECT_EQ(source["nan"], 0);
}

TEST_F(ImportCommandTest, ReadsRawValuesOfAGivenShape) {
  WriteFile(path_, elements_);
  EXPECT_EQ(Run(Import({"--rows", "3", "--dim", "2"})), kExitOk) << err_;
  EXPECT_EQ(server_->imported, elements_);
  EXPECT_EQ(server_->created.at(0).num_rows, 3);
}

TEST_F(ImportCommandTest, KeepsTheWords) {
  WriteFile(path_, "a 1 2\nb c 3 4\n\xC3\xA9 5 6\n");
  const std::string tokens = dir_ / "words.tsv";
  EXPECT_EQ(Run(Import({"--tokens", tokens})), kExitOk) << err_;
  EXPECT_EQ(server_->imported, elements_);
  EXPECT_EQ(ReadFile(tokens), "0\ta\n1\tb c\n2\t\xC3\xA9\n");
  // What fails, in the file or in the server, leaves what was there.
  WriteFile(path_, "x 1 2\ny 3 z\n");
  EXPECT_EQ(Run(Import({"--tokens", tokens})), kExitInvalid);
  WriteFile(path_, "x 1 2\ny 3 4\n");
  server_->status = absl::ResourceExhaustedError("memory budget");
  EXPECT_EQ(Run(Import({"--tokens", tokens})), kExitResourceExhausted);
  EXPECT_EQ(ReadFile(tokens), "0\ta\n1\tb c\n2\t\xC3\xA9\n");
}

TEST_F(ImportCommandTest, ChecksTheFileBeforeItConnects) {
  WriteFile(path_, NpyHead(NpyDict("'<c8'", "(3, 1)")) + elements_);
  ExpectInvalid(Import({}),
                "\"" + path_ +
                    "\": complex64 (<c8), want float16, float32, float64 or "
                    "integers");
  WriteFile(path_, NpyHead(NpyDict("'<f4'", "(4, 2)")) + elements_);
  ExpectInvalid(Import({}), "\"" + path_ +
                                "\": truncated: 24 bytes of elements, want 32 "
                                "for shape (4, 2) of float32 (<f4)");
  EXPECT_EQ(Run({"table", "import", "item", dir_ / "none.npy"}), kExitNotFound);
  EXPECT_TRUE(connects_.empty());
}

TEST_F(ImportCommandTest, RefusesFlagsThatMakeNoSense) {
  ExpectInvalid(Import({"--format", "npz"}),
                "\"" + path_ +
                    "\": zip: no directory at the end: truncated, or not a zip "
                    "file");
  ExpectInvalid(Import({"--tensor", "a"}),
                "\"" + path_ +
                    "\": --tensor: there is one table without a name in it, "
                    "format npy");
  ExpectInvalid(Import({"--rows", "4"}),
                "\"" + path_ + "\": --rows 4, but there are 3");
  ExpectInvalid(
      Import({"--tokens", dir_ / "words.tsv"}),
      "\"" + path_ + "\": --tokens: there are no words in it, format npy");
  ExpectInvalid(Import({"--tokens", path_}),
                "--tokens: would replace the file that is read");
  ExpectUsageError({"table", "import", "item"}, "FILE is required");
  ExpectUsageError({"table", "import"}, "NAME is required");
  ExpectUsageError(Import({"--no-padding-idx", "--padding-idx", "1"}),
                   "--padding-idx excludes --no-padding-idx");
  ExpectUsageError(Import({"--no-max-norm", "--max-norm", "1"}),
                   "--max-norm excludes --no-max-norm");
}

TEST_F(ImportCommandTest, KeepsAPaddingRowOnlyWhereThereIsOne) {
  const auto refused = [&](const std::vector<std::string>& flags) {
    EXPECT_EQ(Run(Import(flags)), kExitInvalid);
    EXPECT_EQ(err_,
              "embctl: INVALID_ARGUMENT: --keep-padding-row: there is none to "
              "keep, give --padding-idx\n");
    EXPECT_TRUE(server_->created.empty());
  };
  refused({"--keep-padding-row"});
  HaveTable();
  refused({"--keep-padding-row", "--no-padding-idx"});
  EXPECT_EQ(Run(Import({"--keep-padding-row"})), kExitOk) << err_;
}

// What the caller did not say is told: the file may be the wrong one.
TEST_F(ImportCommandTest, TellsWhatTheNextVersionKeptAndChanged) {
  HaveTable();
  EXPECT_EQ(Run(Import({"--padding-idx", "1"})), kExitOk) << err_;
  EXPECT_EQ(out_,
            "imported item: 3 rows x 2, float32, 24 B, version 1\n"
            "  rows: 3, before: 4,000\n"
            "  padding_idx: 1, as before\n"
            "  max_norm: none, before: 1.5, p = 2\n");
  EXPECT_EQ(Run(Import({"--json"})), kExitOk) << err_;
  EXPECT_EQ(OutJson()["rows"], 3);
}

TEST_F(ImportCommandTest, DropsWhatItIsToldTo) {
  HaveTable();
  EXPECT_EQ(Run(Import({})), kExitOk) << err_;
  EXPECT_FALSE(server_->no_padding_idx);
  EXPECT_FALSE(server_->no_max_norm);
  EXPECT_EQ(Run(Import({"--no-padding-idx", "--no-max-norm"})), kExitOk);
  EXPECT_TRUE(server_->no_padding_idx);
  EXPECT_TRUE(server_->no_max_norm);
}

TEST_F(ImportCommandTest, SendsNothingToAServerThatDoesNotAnswer) {
  server_->described = absl::UnavailableError("loading");
  EXPECT_EQ(Run(Import({})), kExitUnavailable);
  EXPECT_TRUE(server_->created.empty());
}

TEST_F(ImportCommandTest, DrawsAProgressBarOnATerminal) {
  err_is_terminal_ = true;
  EXPECT_EQ(Run(Import({})), kExitOk);
  EXPECT_THAT(err_, AllOf(StartsWith("\ritem "), HasSubstr("% ["),
                          EndsWith("\r\033[K")));
  EXPECT_THAT(out_, StartsWith("imported item: "));
}

TEST_F(ImportCommandTest, ReportsAnErrorBelowTheProgressBar) {
  err_is_terminal_ = true;
  server_->status = absl::ResourceExhaustedError("memory budget");
  EXPECT_EQ(Run(Import({})), kExitResourceExhausted);
  EXPECT_THAT(err_,
              EndsWith("\r\033[Kembctl: RESOURCE_EXHAUSTED: memory budget\n"));
  EXPECT_EQ(out_, "");
}

}  // namespace
}  // namespace emb
