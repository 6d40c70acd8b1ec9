// ImportTable over a real channel.
#include "client/src/import_call.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "client/src/grpc_connection.h"
#include "client/src/wire_hash.h"
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

// An import whose source can begin anew.
class RestartTest : public ImportCallTest {
 protected:
  RestartTest() {
    options_.restart = [this]() -> absl::StatusOr<RowSource> {
      ++restarts_;
      return RowsFromValues(values_);
    };
  }

  // A call that ends after so many parts.
  void Plan(size_t num_parts, grpc::StatusCode code) {
    server_.import_plans.push_back(
        {num_parts, /*silent=*/false, {code, "broken"}});
  }

  // GetImport says NOT_FOUND, or so many bytes.
  void Kept(int64_t bytes) {
    server_.get_import = [bytes](const pb::GetImportRequest&,
                                 pb::GetImportResponse& response) {
      response.set_offset(bytes);
      return bytes == 0 ? grpc::Status(grpc::StatusCode::NOT_FOUND, "nothing")
                        : grpc::Status::OK;
    };
  }

  absl::StatusOr<TableInfo> Import() {
    return connection_->ImportTable(Named("item"), options_,
                                    RowsFromValues(values_));
  }

  const std::vector<float> values_ = CountingValues(5 * kPartBytes / 8, 1);
  ImportOptions options_;
  int restarts_ = 0;
};

TEST_F(RestartTest, GoesOnBehindWhatArrived) {
  Plan(2, grpc::StatusCode::UNAVAILABLE);
  Kept(kPartBytes);
  EMB_ASSERT_OK(Import());
  const auto seen = Seen();
  EXPECT_EQ(restarts_, 1);
  ASSERT_EQ(seen->parts.size(), 2U);
  EXPECT_EQ(seen->parts[0].offset(), static_cast<int64_t>(kPartBytes));
  EXPECT_FALSE(seen->headers.at(0).upload_id().empty());
  // Of all the rows, whichever call brought them.
  WireHash hash;
  const auto bytes = AsBytes(values_);
  hash.Update({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  EXPECT_EQ(seen->end_digest, hash.Finish());
}

TEST_F(RestartTest, BeginsAnewWhereNothingIsKept) {
  Plan(2, grpc::StatusCode::UNAVAILABLE);
  Kept(0);
  EMB_ASSERT_OK(Import());
  EXPECT_EQ(Seen()->parts.size(), 3U);
}

TEST_F(RestartTest, GoesOnWhereTheServerGaveItUp) {
  Plan(2, grpc::StatusCode::DEADLINE_EXCEEDED);
  Kept(kPartBytes);
  EMB_EXPECT_OK(Import());
}

TEST_F(RestartTest, AsksWhatCameOfAnAnswerThatWasLost) {
  Plan(10, grpc::StatusCode::UNAVAILABLE);
  server_.get_import = [](const pb::GetImportRequest&,
                          pb::GetImportResponse& response) {
    response.mutable_table()->set_version(7);
    return grpc::Status::OK;
  };
  EMB_ASSERT_OK_AND_ASSIGN(const TableInfo table, Import());
  EXPECT_EQ(table.version, 7U);
  EXPECT_EQ(server_.calls("ImportTable"), 1);
}

TEST_F(RestartTest, WaitsForAServerThatLoads) {
  Plan(2, grpc::StatusCode::UNAVAILABLE);
  Kept(kPartBytes);
  server_.failures_left = 3;
  server_.failure = {grpc::StatusCode::UNAVAILABLE, "loading"};
  EMB_ASSERT_OK(Import());
  EXPECT_EQ(server_.calls("GetImport"), 4);
  EXPECT_EQ(server_.calls("ImportTable"), 2);
}

TEST_F(RestartTest, LeavesASilentConnection) {
  server_.import_plans.push_back({1, /*silent=*/true, {}});
  Kept(kPartBytes);
  // A third of it is the silence that ends a call.
  options_.stall_timeout = absl::Seconds(3);
  EMB_ASSERT_OK(Import());
  EXPECT_EQ(Seen()->parts.at(0).offset(), static_cast<int64_t>(kPartBytes));
  EXPECT_EQ(server_.num_peers(), 1U);  // Of GetImport: a new one.
}

TEST_F(RestartTest, GivesUpWhereNothingMoves) {
  server_.import_plan = {
      0, /*silent=*/false, {grpc::StatusCode::UNAVAILABLE, "broken"}};
  Plan(2, grpc::StatusCode::UNAVAILABLE);
  Kept(kPartBytes);
  options_.stall_timeout = absl::Milliseconds(500);
  EXPECT_THAT(Import(), StatusIs(StatusCode::kUnavailable));
  // With pauses that grow.
  EXPECT_LE(server_.calls("ImportTable"), 8);
}

TEST_F(RestartTest, GivesUpOnAServerThatForgetsAgainAndAgain) {
  server_.import_plan = {
      2, /*silent=*/false, {grpc::StatusCode::UNAVAILABLE, "broken"}};
  Kept(0);
  EXPECT_THAT(Import(), StatusIs(StatusCode::kUnavailable));
  EXPECT_EQ(server_.calls("ImportTable"), 6);
}

TEST_F(RestartTest, AnErrorIsNoBrokenConnection) {
  Plan(2, grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(Import(), StatusIs(StatusCode::kInvalidArgument));
  EXPECT_EQ(restarts_, 0);
  EXPECT_EQ(server_.calls("GetImport"), 0);
}

TEST_F(RestartTest, WhatIsCancelledIsDropped) {
  options_.cancelled = [this] { return server_.calls("ImportTable") > 0; };
  EXPECT_THAT(Import(), StatusIs(StatusCode::kCancelled));
  EXPECT_TRUE(Seen()->cancelled);
  EXPECT_EQ(server_.calls("DropImport"), 1);
}

TEST_F(RestartTest, AFailingSourceIsDropped) {
  EXPECT_THAT(
      connection_->ImportTable(
          Named("item"), options_,
          RowsThatFailAfter(kPartBytes, absl::DataLossError("ends early"))),
      StatusIs(StatusCode::kDataLoss));
  EXPECT_EQ(server_.calls("DropImport"), 1);
}

}  // namespace
}  // namespace emb
