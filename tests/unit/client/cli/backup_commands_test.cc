// embctl backup, restore and verify.
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/client/cli/cli_fixture.h"

namespace emb {
namespace {

using testing::HasSubstr;

class BackupCommandsTest : public CliTest {};

TEST_F(BackupCommandsTest, BackUpAndWaitAsLongAsItTakes) {
  EXPECT_EQ(Run({"backup", "nightly", "--keep", "7"}), kExitOk);
  EXPECT_EQ(out_,
            "nightly: backup 2: 2 tables, 3.0 MiB, 1970-01-01 00:00:00 UTC\n");
  EXPECT_EQ(server_->names.back(), "nightly");
  EXPECT_EQ(server_->backup_options.keep, 7);
  EXPECT_GE(server_->timeouts.back(), absl::Hours(1));
  EXPECT_EQ(Run({"--json", "--timeout", "5", "backup", "nightly"}), kExitOk);
  EXPECT_EQ(OutJson()["id"], 2);
  EXPECT_EQ(OutJson()["tables"], 2);
  EXPECT_EQ(server_->timeouts.back(), absl::Seconds(5));
}

TEST_F(BackupCommandsTest, ListBackups) {
  server_->backups[0].damaged = true;
  EXPECT_EQ(Run({"backup", "nightly", "--list"}), kExitOk);
  EXPECT_EQ(out_,
            "backup 1: damaged\n"
            "backup 2: 2 tables, 3.0 MiB, 1970-01-01 00:00:00 UTC\n");
}

TEST_F(BackupCommandsTest, Restore) {
  EXPECT_EQ(Run({"restore", "nightly", "--id", "3"}), kExitOk);
  EXPECT_EQ(out_, "restored 2 tables, epoch 12\n");
  EXPECT_EQ(server_->names.back(), "nightly 3");
  server_->status = absl::FailedPreconditionError("has held tables");
  EXPECT_EQ(Run({"restore", "nightly"}), kExitPrecondition);
}

TEST_F(BackupCommandsTest, VerifyNamesWhatIsDamaged) {
  const auto add = [this](const std::string& name, const std::string& error) {
    VerifyResult::Version& version = server_->verified.versions.emplace_back();
    version.table.name = name;
    version.table.version = 3;
    version.data_bytes = 1 << 20;
    version.error = error;
  };
  add("item", "");
  EXPECT_EQ(Run({"verify"}), kExitOk);
  EXPECT_EQ(out_, "verified 1 version, 1.0 MiB of rows: no damage\n");
  add("user", "chunk 3: checksum");
  EXPECT_EQ(Run({"verify"}), kExitDataLoss);
  EXPECT_EQ(out_, "user@3: chunk 3: checksum\n");
  EXPECT_THAT(err_, HasSubstr("DATA_LOSS: the store is damaged"));
  server_->verified.versions.clear();
  server_->verified.files_error = "000012.sst: corrupted";
  EXPECT_EQ(Run({"--json", "verify"}), kExitDataLoss);
}

}  // namespace
}  // namespace emb
