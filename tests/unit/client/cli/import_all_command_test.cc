// embctl table import-all.
#include <string>
#include <vector>

#include "tests/testing/temp_dir.h"
#include "tests/unit/client/cli/cli_fixture.h"

namespace emb {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class ImportAllCommandTest : public CliTest {
 protected:
  ImportAllCommandTest() {
    server_->described = absl::NotFoundError("there is none");
    const std::string json =
        R"({"item.weight":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]},)"
        R"("bias":{"dtype":"F32","shape":[1],"data_offsets":[8,12]},)"
        R"("user":{"dtype":"F32","shape":[1,2],"data_offsets":[12,20]}})";
    std::string length(8, '\0');
    length[0] = static_cast<char>(json.size());
    WriteFile(model_, length + json + BytesOf<float>({1, 2, 3, 4, 5}));
    WriteFile(manifest_, R"({"tables": [
        {"name": "a", "file": "model.safetensors", "tensor": "user",
         "padding_idx": 0},
        {"name": "b", "file": "model.safetensors",
         "tensor": "item.weight"}]})");
  }

  std::vector<std::string> Created() const {
    std::vector<std::string> names;
    for (const TableOptions& options : server_->created) {
      names.push_back(options.name);
    }
    return names;
  }

  const TempDir dir_;
  const std::string model_ = dir_ / "model.safetensors";
  const std::string manifest_ = dir_ / "tables.json";
};

TEST_F(ImportAllCommandTest, MakesATableOfEachTensor) {
  EXPECT_EQ(Run({"table", "import-all", model_, "--prefix", "m."}), kExitOk)
      << err_;
  EXPECT_THAT(Created(), ElementsAre("m.item.weight", "m.user"));
  EXPECT_EQ(server_->imported, BytesOf<float>({1, 2, 4, 5}));
  EXPECT_THAT(server_->published, ElementsAre("m.item.weight@1", "m.user@1"));
  EXPECT_EQ(out_,
            "imported m.item.weight: 2 rows x 1, float32, 8 B, version 1\n"
            "imported m.user: 1 rows x 2, float32, 8 B, version 1\n"
            "skipped bias [1]: no table\n"
            "published m.item.weight@1, m.user@1, in one step\n");
}

TEST_F(ImportAllCommandTest, MakesTheTablesOfAManifest) {
  EXPECT_EQ(Run({"table", "import-all", manifest_, "--json"}), kExitOk) << err_;
  EXPECT_THAT(Created(), ElementsAre("a", "b"));
  EXPECT_EQ(server_->created[0].padding_idx, 0);
  EXPECT_EQ(server_->imported, BytesOf<float>({4, 5, 1, 2}));
  EXPECT_THAT(server_->published, ElementsAre("a@1", "b@1"));
  EXPECT_EQ(OutJson()["tables"].size(), 2U);
  EXPECT_EQ(OutJson()["tables"][1]["name"], "b");
  EXPECT_EQ(OutJson()["published"], true);
}

TEST_F(ImportAllCommandTest, MayLeaveThemUnpublished) {
  EXPECT_EQ(Run({"table", "import-all", manifest_, "--no-publish"}), kExitOk);
  EXPECT_THAT(server_->published, ElementsAre());
  EXPECT_THAT(out_, HasSubstr("not published: a@1, b@1\n"));
}

TEST_F(ImportAllCommandTest, ABadFileIsRefusedBeforeTheServerHearsOfIt) {
  WriteFile(manifest_, R"({"tables": [
      {"name": "a", "file": "model.safetensors", "tensor": "user"},
      {"name": "b", "file": "model.safetensors", "tensor": "none"}]})");
  EXPECT_EQ(Run({"table", "import-all", manifest_}), kExitInvalid);
  EXPECT_THAT(err_, HasSubstr("none"));
  EXPECT_TRUE(connects_.empty());
  WriteFile(dir_ / "a.npy", NpyHead(NpyDict("'<f4'", "(1, 1)")) + "1234");
  EXPECT_EQ(Run({"table", "import-all", dir_ / "a.npy"}), kExitInvalid);
  EXPECT_THAT(err_, HasSubstr("format npy holds one table"));
  EXPECT_EQ(Run({"table", "import-all", manifest_, "--format", "npz"}),
            kExitInvalid);
}

TEST_F(ImportAllCommandTest, AFailureTakesBackWhatWasMade) {
  server_->status = absl::ResourceExhaustedError("no space left");
  server_->imports_before_status = 1;
  EXPECT_EQ(Run({"table", "import-all", manifest_}), kExitResourceExhausted);
  EXPECT_THAT(server_->published, ElementsAre());
  EXPECT_THAT(server_->dropped, ElementsAre("a"));
  EXPECT_THAT(err_, HasSubstr("no space left; nothing was published"));
}

}  // namespace
}  // namespace emb
