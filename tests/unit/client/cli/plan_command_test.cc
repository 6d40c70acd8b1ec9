// embctl plan.
#include <string>
#include <vector>

#include "tests/unit/client/cli/cli_fixture.h"

namespace emb {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class PlanCommandTest : public CliTest {
 protected:
  static std::string Golden(const std::string& file) {
    return std::string(EMB_GOLDEN_FORMATS_DIR) + "/" + file;
  }

  int Plan(std::vector<std::string> more) {
    more.insert(more.begin(), "plan");
    return Run(more);
  }
};

TEST_F(PlanCommandTest, SaysWhatATableTakes) {
  EXPECT_EQ(Plan({"--rows", "1000000", "--dim", "64"}), kExitOk) << err_;
  EXPECT_THAT(
      out_,
      AllOf(HasSubstr("244.3 MiB: rows 244.1 MiB, rounding 0 B, directory "
                      "128.0 KiB"),
            HasSubstr("--memory_limit"), HasSubstr("--data_dir at its largest"),
            HasSubstr("as measured on 2 virtual CPUs"),
            HasSubstr("lookup of 1,024 ids"), HasSubstr("load-first")));
  EXPECT_EQ(Plan({"--rows", "1000000", "--dim", "64", "--json"}), kExitOk);
  EXPECT_EQ(OutJson()["memory_bytes"], 256'131'072);
  EXPECT_EQ(OutJson()["tables"], 1);
}

TEST_F(PlanCommandTest, TakesWhatIsKnownOfTheServer) {
  const std::vector<std::string> table = {"--rows", "1000", "--dim", "64",
                                          "--json"};
  const auto plan = [&](std::vector<std::string> more) {
    more.insert(more.begin(), table.begin(), table.end());
    EXPECT_EQ(Plan(more), kExitOk) << err_;
    return OutJson();
  };
  const auto usual = plan({});
  EXPECT_EQ(plan({"--dtype", "int8"})["rows_bytes"], 72'000);
  EXPECT_EQ(plan({"--tables", "7"})["rows"], 7'000);
  EXPECT_GT(plan({"--versions", "3"})["data_dir_bytes"],
            usual["data_dir_bytes"]);
  EXPECT_LT(plan({"--swap-policy", "unload-first"})["memory_limit_bytes"],
            usual["memory_limit_bytes"]);
  EXPECT_EQ(plan({"--update-rows", "0"})["patches_bytes"], 0);
  EXPECT_EQ(plan({"--ids", "10"})["request_bytes"], 144);
}

TEST_F(PlanCommandTest, SaysWhatIsOverALimit) {
  EXPECT_EQ(Plan({"--rows", "10", "--dim", "64", "--ids", "1000000"}), kExitOk);
  EXPECT_THAT(out_, AllOf(HasSubstr("over --request_bytes_max (4.0 MiB)"),
                          HasSubstr("over --answer_bytes_max (64.0 MiB)")));
}

TEST_F(PlanCommandTest, ReadsFilesOfEveryFormat) {
  for (const std::string file :
       {"genre_f32.npy", "genre_f32.safetensors", "genre_vectors.tsv",
        "genre_w2v.bin", "genre_w2v.txt", "genre_legacy_tensor.pt"}) {
    SCOPED_TRACE(file);
    EXPECT_EQ(Plan({Golden(file), "--json"}), kExitOk) << err_;
    EXPECT_EQ(OutJson()["tables"], 1);
    EXPECT_GT(OutJson()["rows"], 1);
  }
}

// As table import-all takes them.
TEST_F(PlanCommandTest, AFileOfSeveralTablesIsPlannedWhole) {
  EXPECT_EQ(Plan({Golden("genre_multi.safetensors"), "--json"}), kExitOk)
      << err_;
  EXPECT_GT(OutJson()["tables"], 1);
  EXPECT_EQ(Plan({Golden("genre_multi.safetensors"), "--tensor", "none"}),
            kExitInvalid);
}

TEST_F(PlanCommandTest, RefusesWhatMakesNoSense) {
  EXPECT_EQ(Plan({}), kExitInvalid);
  EXPECT_THAT(err_, HasSubstr("want FILE, or --rows and --dim"));
  EXPECT_EQ(Plan({"--rows", "4"}), kExitInvalid);
  EXPECT_EQ(Plan({"--rows", "4", "--dim", "3", "--dtype", "int4"}),
            kExitInvalid);
  EXPECT_THAT(err_, HasSubstr("even"));
  EXPECT_EQ(Plan({"--rows", "4", "--dim", "3", "--dtype", "int3"}),
            kExitInvalid);
  EXPECT_THAT(err_, HasSubstr("int3"));
  EXPECT_EQ(Plan({"/nowhere.npy"}), kExitNotFound);
  EXPECT_EQ(Plan({"--rows", "4", "--dim", "3", "--versions", "0"}), kExitUsage);
  EXPECT_EQ(Plan({"--rows", "4", "--dim", "3", "--swap-policy", "never"}),
            kExitUsage);
}

}  // namespace
}  // namespace emb
