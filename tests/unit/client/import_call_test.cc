// ImportTable over a real channel.
#include "client/src/import_call.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "client/src/grpc_connection.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/row_sources.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/client/fake_server.h"

namespace emb {
namespace {

namespace pb = embedding::v1;

using absl::StatusCode;
using testing::Eq;

constexpr size_t kPartBytes = size_t{1} << 20;
// Longer than any call here takes: no test is about its passing.
constexpr absl::Duration kPatience = absl::Seconds(60);
constexpr absl::Duration kShort = absl::Milliseconds(50);

TableOptions Named(const std::string& name) {
  TableOptions options;
  options.name = name;
  options.seed = 4;
  return options;
}

class ImportCallTest : public testing::Test {
 protected:
  // Waits for the end of the one import, as the server saw it.
  std::shared_ptr<ImportSeen> Seen() {
    const auto seen = server_.WaitForImport();
    EXPECT_TRUE(seen->over.WaitForNotificationWithTimeout(kPatience));
    return seen;
  }

  // Zeros without end.
  static RowSource Endless() {
    return [](absl::Span<std::byte> buffer) -> absl::StatusOr<size_t> {
      std::fill(buffer.begin(), buffer.end(), std::byte{0});
      return buffer.size();
    };
  }

  // `rows`, as soon as the server knows of the import; a source that takes
  // its time is no stall.
  RowSource WhenBegun(const RowSource& rows) {
    return [this, rows](absl::Span<std::byte> buffer) {
      server_.WaitForImport();
      return rows(buffer);
    };
  }

  static ImportOptions StallsAfter(absl::Duration timeout) {
    ImportOptions import_options;
    import_options.stall_timeout = timeout;
    return import_options;
  }

  FakeServer server_;
  const std::shared_ptr<Connection> connection_ =
      MakeGrpcConnection(server_.address(), server_.address());
};

TEST_F(ImportCallTest, PartsAreTheSourcesBytesInOrder) {
  // 2.5 parts; no two elements are equal.
  const std::vector<float> values = CountingValues(5 * kPartBytes / 8, 1);
  TableOptions options = Named("item");
  options.padding_idx = 0;
  std::vector<int64_t> progress;
  ImportOptions import_options;
  import_options.keep_padding_row = true;
  import_options.progress = [&](int64_t bytes) { progress.push_back(bytes); };
  EMB_ASSERT_OK_AND_ASSIGN(const TableInfo info,
                           connection_->ImportTable(options, import_options,
                                                    RowsFromValues(values)));
  EXPECT_EQ(info.version, 1U);

  const auto seen = Seen();
  EXPECT_FALSE(seen->cancelled);
  ASSERT_EQ(seen->headers.size(), 1U);
  EXPECT_EQ(seen->headers[0].spec().name(), "item");
  EXPECT_TRUE(seen->headers[0].spec().has_padding_idx());
  EXPECT_FALSE(seen->headers[0].spec().has_initializer());
  EXPECT_EQ(seen->headers[0].spec().seed(), 0U);
  EXPECT_TRUE(seen->headers[0].keep_padding_row());
  EXPECT_FALSE(seen->headers[0].no_padding_idx());
  EXPECT_FALSE(seen->headers[0].no_max_norm());
  std::string bytes;
  for (const pb::ImportData& part : seen->parts) {
    EXPECT_EQ(part.offset(), static_cast<int64_t>(bytes.size()));
    EXPECT_LE(part.data().size(), kPartBytes);
    bytes += part.data();
  }
  const auto want = AsBytes(values);
  ASSERT_EQ(bytes.size(), want.size());
  EXPECT_EQ(std::memcmp(bytes.data(), want.data(), want.size()), 0);
  EXPECT_TRUE(std::is_sorted(progress.begin(), progress.end()));
  EXPECT_EQ(progress.back(), static_cast<int64_t>(want.size()));
}  // namespace

TEST_F(ImportCallTest, SaysWhatTheNextVersionShallNotHave) {
  ImportOptions import_options;
  import_options.no_padding_idx = true;
  import_options.no_max_norm = true;
  EMB_ASSERT_OK(connection_->ImportTable(Named("item"), import_options,
                                         RowsFromValues({1})));
  const auto seen = Seen();
  EXPECT_TRUE(seen->headers.at(0).no_padding_idx());
  EXPECT_TRUE(seen->headers.at(0).no_max_norm());
}

TEST_F(ImportCallTest, ASourceMayGiveFewBytesAtATime) {
  int left = 4;
  const RowSource rows =
      [&](absl::Span<std::byte> buffer) -> absl::StatusOr<size_t> {
    if (left == 0) return 0;
    std::fill_n(buffer.begin(), 3, static_cast<std::byte>(left--));
    return 3;
  };
  EMB_ASSERT_OK(connection_->ImportTable(Named("item"), {}, rows));
  const auto seen = Seen();
  ASSERT_EQ(seen->parts.size(), 4U);
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(seen->parts[i].offset(), static_cast<int64_t>(3 * i));
    EXPECT_EQ(seen->parts[i].data(), std::string(3, static_cast<char>(4 - i)));
  }
}

// How many bytes there must be is the server's to say.
TEST_F(ImportCallTest, AnEmptySourceSendsTheHeaderAlone) {
  const RowSource nothing = [](absl::Span<std::byte>) { return size_t{0}; };
  EMB_ASSERT_OK(connection_->ImportTable(Named("item"), {}, nothing));
  const auto seen = Seen();
  EXPECT_EQ(seen->headers.size(), 1U);
  EXPECT_TRUE(seen->parts.empty());
}

TEST_F(ImportCallTest, AnErrorEndsTheImportBeforeTheSourceDoes) {
  for (const size_t num_parts : {size_t{0}, size_t{1}, size_t{5}}) {
    SCOPED_TRACE(num_parts);
    server_.import_plan.num_parts = num_parts;
    server_.import_plan.status =
        WithDetails(grpc::StatusCode::INVALID_ARGUMENT, "too many bytes");
    const auto result = connection_->ImportTable(Named("item"), {}, Endless());
    EXPECT_THAT(result,
                StatusIs(StatusCode::kInvalidArgument, Eq("too many bytes")));
    EXPECT_TRUE(result.status().GetPayload(kBadRequestType).has_value());
    EXPECT_EQ(Seen()->parts.size(), num_parts);
  }
}

TEST_F(ImportCallTest, AnErrorAfterTheLastPartIsTheAnswer) {
  server_.import_plan.status = {grpc::StatusCode::ABORTED, "in progress"};
  EXPECT_THAT(
      connection_->ImportTable(Named("item"), {}, RowsFromValues({1, 2})),
      StatusIs(StatusCode::kAborted, Eq("in progress")));
}

TEST_F(ImportCallTest, AFailingSourceCancelsTheCall) {
  int reads = 0;
  const RowSource rows =
      [&](absl::Span<std::byte> buffer) -> absl::StatusOr<size_t> {
    if (++reads == 1) return buffer.size();
    // The first part is on its way: the server knows of this import.
    server_.WaitForImport()->first_part.WaitForNotification();
    return absl::DataLossError("item.npy: ends early");
  };
  EXPECT_THAT(connection_->ImportTable(Named("item"), {}, rows),
              StatusIs(StatusCode::kDataLoss, Eq("item.npy: ends early")));
  const auto seen = Seen();
  EXPECT_TRUE(seen->cancelled);
  EXPECT_EQ(seen->parts.size(), 1U);
}

TEST_F(ImportCallTest, ASourceThatFailsAtOnceIsTheError) {
  EXPECT_THAT(connection_->ImportTable(
                  Named("item"), {},
                  RowsThatFailAfter(0, absl::NotFoundError("no such file"))),
              StatusIs(StatusCode::kNotFound, Eq("no such file")));
}

// Infinity is no number of microseconds to add to the time of day.
TEST_F(ImportCallTest, TheStallTimeoutMayBeInfinite) {
  EMB_EXPECT_OK(connection_->ImportTable(Named("item"),
                                         StallsAfter(absl::InfiniteDuration()),
                                         RowsFromValues({1})));
}

TEST_F(ImportCallTest, GivesUpOnAServerThatDoesNotRead) {
  server_.import_plan.num_parts = 0;
  server_.import_plan.silent = true;
  EXPECT_THAT(connection_->ImportTable(Named("item"), StallsAfter(kShort),
                                       WhenBegun(Endless())),
              StatusIs(StatusCode::kDeadlineExceeded,
                       Eq(server_.address() +
                          ": nothing moved for 50ms, import given up")));
  EXPECT_TRUE(Seen()->cancelled);
}

TEST_F(ImportCallTest, GivesUpOnAServerThatDoesNotAnswer) {
  server_.import_plan.silent = true;
  EXPECT_THAT(connection_->ImportTable(Named("item"), StallsAfter(kShort),
                                       WhenBegun(RowsFromValues({1}))),
              StatusIs(StatusCode::kDeadlineExceeded,
                       Eq(server_.address() +
                          ": nothing moved for 50ms, import given up")));
  EXPECT_TRUE(Seen()->cancelled);
}

}  // namespace
}  // namespace emb
