// embctl table export.
#include <filesystem>
#include <string>
#include <vector>

#include "tests/testing/temp_dir.h"
#include "tests/unit/client/cli/cli_fixture.h"

namespace emb {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

class ExportCommandTest : public CliTest {
 protected:
  ExportCommandTest() { server_->exported = {1, 2.5, 3, -4}; }

  int Export(const std::string& file, std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"table", "export", "item", dir_ / file});
    return Run(more);
  }

  int64_t CountFiles() const {
    const std::filesystem::directory_iterator files(dir_.path());
    return std::distance(begin(files), end(files));
  }

  const TempDir dir_;
};

TEST_F(ExportCommandTest, WritesWhatTheNameAsksFor) {
  EXPECT_EQ(Export("item.npy"), kExitOk) << err_;
  EXPECT_THAT(ReadFile(dir_ / "item.npy"),
              EndsWith(BytesOf<float>({1, 2.5, 3, -4})));
  EXPECT_EQ(out_, "exported item v5 revision 0: 2 x 2 to " +
                      (dir_ / "item.npy") + "\n");
  EXPECT_EQ(Export("item.tsv"), kExitOk) << err_;
  EXPECT_EQ(ReadFile(dir_ / "item.tsv"), "1\t2.5\n3\t-4\n");
  EXPECT_EQ(Export("item", {"--format", "word2vec-text"}), kExitOk) << err_;
  EXPECT_EQ(ReadFile(dir_ / "item"), "2 2\n0 1 2.5\n1 3 -4\n");
}

TEST_F(ExportCommandTest, TakesAVersion) {
  EXPECT_EQ(
      Run({"table", "export", "item@3", dir_ / "item.safetensors", "--json"}),
      kExitOk)
      << err_;
  EXPECT_EQ(OutJson()["version"], 3);
  EXPECT_EQ(OutJson()["file"], dir_ / "item.safetensors");
  EXPECT_THAT(ReadFile(dir_ / "item.safetensors"), HasSubstr("{\"item\":"));
  EXPECT_EQ(Export("b.safetensors", {"--tensor", "item.weight"}), kExitOk)
      << err_;
  EXPECT_THAT(ReadFile(dir_ / "b.safetensors"), HasSubstr("\"item.weight\""));
}

TEST_F(ExportCommandTest, TakesWordsAndWritesThem) {
  WriteFile(dir_ / "words.tsv", "0\tone\n1\ttwo words\n");
  EXPECT_EQ(Export("item.tsv", {"--tokens", dir_ / "words.tsv", "--metadata",
                                dir_ / "labels.tsv"}),
            kExitOk)
      << err_;
  EXPECT_EQ(ReadFile(dir_ / "labels.tsv"), "one\ntwo words\n");
  EXPECT_EQ(Export("b.tsv", {"--metadata", dir_ / "numbers.tsv"}), kExitOk);
  EXPECT_EQ(ReadFile(dir_ / "numbers.tsv"), "0\n1\n");
  EXPECT_EQ(Export("item.txt", {"--tokens", dir_ / "words.tsv"}), kExitInvalid);
  EXPECT_THAT(err_, HasSubstr("row 1: the word \"two words\""));
  WriteFile(dir_ / "words.tsv", "0\tone\n");
  EXPECT_EQ(Export("item.bin", {"--tokens", dir_ / "words.tsv"}), kExitInvalid);
  EXPECT_THAT(err_, HasSubstr("ends before the word of row 1"));
  EXPECT_EQ(Export("item.bin", {"--tokens", dir_ / "none.tsv"}), kExitNotFound);
}

TEST_F(ExportCommandTest, KeepsWhatIsThere) {
  WriteFile(dir_ / "item.npy", "old");
  EXPECT_EQ(Export("item.npy"), kExitAlreadyExists);
  EXPECT_THAT(err_, HasSubstr("exists, want another name or --force"));
  EXPECT_EQ(ReadFile(dir_ / "item.npy"), "old");
  EXPECT_EQ(Export("b.npy", {"--metadata", dir_ / "item.npy"}),
            kExitAlreadyExists);
  EXPECT_EQ(Export("item.npy", {"--force"}), kExitOk) << err_;
  EXPECT_THAT(ReadFile(dir_ / "item.npy"), StartsWith("\x93NUMPY"));
}

TEST_F(ExportCommandTest, AFailureLeavesNoFile) {
  server_->export_status = absl::DataLossError("cut off");
  EXPECT_EQ(Export("item.npy"), kExitDataLoss);
  EXPECT_THAT(err_, HasSubstr("cut off"));
  EXPECT_EQ(Export("item.csv"), kExitInvalid);
  EXPECT_THAT(err_, HasSubstr("its name tells no format"));
  EXPECT_EQ(Export("none/item.npy"), kExitNotFound);
  EXPECT_EQ(CountFiles(), 0);
}

}  // namespace
}  // namespace emb
