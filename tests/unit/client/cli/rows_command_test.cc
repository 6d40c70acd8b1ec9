// embctl rows.
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/temp_dir.h"
#include "tests/unit/client/cli/cli_fixture.h"
#include "tests/unit/client/cli/npy_bytes.h"

namespace emb {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class RowsCommandTest : public CliTest {
 protected:
  // A file of two rows of three.
  std::string Values() {
    const std::string path = dir_ / "values.npy";
    WriteFile(path, NpyHead(NpyDict("'<f4'", "(2, 3)")) +
                        BytesOf(std::vector<float>{1, 2, 3, 4, 5, 6}));
    return path;
  }

  const TempDir dir_;
};

TEST_F(RowsCommandTest, SetsRows) {
  EXPECT_EQ(Run({"rows", "set", "item", "--ids", "7,-1", "--from", Values()}),
            0);
  EXPECT_EQ(out_, "set 2 rows of item@7, now at revision 9\n");
  ASSERT_EQ(server_->upserts.size(), 1);
  const RowValues& rows = server_->upserts[0];
  EXPECT_EQ(rows.table, "item");
  EXPECT_THAT(rows.ids, ElementsAre(7, -1));  // The server refuses.
  EXPECT_THAT(rows.values, ElementsAre(1, 2, 3, 4, 5, 6));
  EXPECT_FALSE(rows.expected_revision.has_value());
  EXPECT_EQ(server_->request_ids[0], "");
}

TEST_F(RowsCommandTest, PassesConditionsOn) {
  server_->upsert_outcome.repeated_request = true;
  EXPECT_EQ(Run({"--json", "rows", "set", "item", "--ids", "7", "--ids", "8",
                 "--from", Values(), "--expected-revision", "8", "--request-id",
                 "a-b"}),
            0);
  EXPECT_EQ(server_->upserts.at(0).expected_revision, 8);
  EXPECT_EQ(server_->request_ids[0], "a-b");
  EXPECT_EQ(OutJson()["revision"], 9);
  EXPECT_EQ(OutJson()["repeated_request"], true);
  EXPECT_EQ(OutJson()["rows"], 2);
}

TEST_F(RowsCommandTest, WantsARowForEachId) {
  const std::string path = Values();
  ExpectInvalid({"rows", "set", "item", "--ids", "7", "--from", path},
                "file \"" + path + "\": 2 rows, want 1, one for each id");
  ExpectInvalid({"rows", "set", "item", "--from", path},
                "ids: want either --ids ID,... or --ids-from FILE");
}

TEST_F(RowsCommandTest, SaysWhatTheServerRefuses) {
  server_->status = absl::AbortedError("table \"item\" is at revision 3");
  EXPECT_EQ(Run({"rows", "set", "item", "--ids", "1,2", "--from", Values()}),
            kExitPrecondition);
  EXPECT_THAT(err_, HasSubstr("ABORTED: table \"item\" is at revision 3"));
}

}  // namespace
}  // namespace emb
