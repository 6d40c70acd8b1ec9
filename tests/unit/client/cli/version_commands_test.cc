#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/client/cli/cli_fixture.h"

namespace emb {
namespace {

using testing::HasSubstr;

using VersionCommandsTest = CliTest;

TEST_F(VersionCommandsTest, PublishTakesSeveralTables) {
  EXPECT_EQ(Run({"table", "publish", "item@7", "user"}), kExitOk);
  EXPECT_EQ(out_, "published item@7\npublished user@0\n");
  EXPECT_EQ(Run({"table", "publish", "item@7", "--json"}), kExitOk);
  EXPECT_EQ(OutJson()[0]["version"], 7);
  EXPECT_EQ(OutJson()[0]["current"], true);
}

TEST_F(VersionCommandsTest, RefusesWhatIsNoVersion) {
  for (const std::string text : {"item@", "item@x", "item@0", "item@1@2"}) {
    ExpectInvalid({"table", "publish", text},
                  "\"" + text + "\", want NAME or NAME@VERSION, as item@7");
    ExpectInvalid({"table", "pin", text},
                  "\"" + text + "\", want NAME or NAME@VERSION, as item@7");
  }
}

TEST_F(VersionCommandsTest, RollbackTellsTheVersion) {
  EXPECT_EQ(Run({"table", "rollback", "item"}), kExitOk);
  EXPECT_EQ(out_, "rolled back to item@6\n");
  server_->status = absl::FailedPreconditionError("none is kept");
  EXPECT_NE(Run({"table", "rollback", "item"}), kExitOk);
  EXPECT_THAT(err_, HasSubstr("FAILED_PRECONDITION: none is kept"));
}

TEST_F(VersionCommandsTest, PinsAndUnpins) {
  EXPECT_EQ(Run({"table", "pin", "item@7"}), kExitOk);
  EXPECT_EQ(out_, "pinned item@7\n");
  EXPECT_EQ(Run({"table", "unpin", "item@7", "--json"}), kExitOk);
  EXPECT_EQ(OutJson()[0]["pinned"], false);
}

TEST_F(VersionCommandsTest, ListsVersions) {
  server_->tables.resize(2);
  server_->tables[1].current = true;
  EXPECT_EQ(Run({"table", "versions", "item"}), kExitOk);
  EXPECT_THAT(out_, HasSubstr("  on disk\n"));
  EXPECT_THAT(out_, HasSubstr("  current\n"));
  EXPECT_EQ(Run({"table", "versions", "item", "--json"}), kExitOk);
  EXPECT_EQ(OutJson().size(), 2U);
}

}  // namespace
}  // namespace emb
