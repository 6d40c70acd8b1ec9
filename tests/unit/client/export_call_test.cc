// ExportTable over a real channel, from a server that breaks as it is told.
#include "client/src/export_call.h"

#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/src/grpc_connection.h"
#include "client/src/wire_hash.h"
#include "gmock/gmock.h"
#include "grpcpp/grpcpp.h"
#include "gtest/gtest.h"
#include "tests/testing/make_table.h"
#include "tests/testing/status_matchers.h"

namespace emb {
namespace {

namespace pb = embedding::v1;

using absl::StatusCode;
using testing::HasSubstr;

constexpr size_t kRows = 8;
constexpr size_t kRowBytes = 2 * sizeof(float);

// What is done to one call.
struct Break {
  // After so many rows: ends with `status`, or is silent until cancelled.
  size_t after_rows = kRows;
  grpc::Status status;
  bool silent = false;
  // Done to every message.
  std::function<void(pb::ExportTableResponse&)> change;
};

// A table of counting values, a row a message.
class ExportServer final : public pb::TableAdmin::Service {
 public:
  ExportServer() {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(),
                             &port_);
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
  }

  ~ExportServer() override { server_->Shutdown(); }

  std::string address() const { return absl::StrCat("127.0.0.1:", port_); }

  // The first call is broken as the first says, and so on; others are whole.
  std::vector<Break> breaks;
  std::vector<pb::ExportTableRequest> requests;

  grpc::Status ExportTable(
      grpc::ServerContext* context, const pb::ExportTableRequest* request,
      grpc::ServerWriter<pb::ExportTableResponse>* writer) override {
    requests.push_back(*request);
    const Break plan = requests.size() <= breaks.size()
                           ? breaks[requests.size() - 1]
                           : Break();
    const auto send = [&](pb::ExportTableResponse message) {
      if (plan.change) plan.change(message);
      writer->Write(message);
    };
    pb::ExportTableResponse message;
    pb::TableInfo& table = *message.mutable_header()->mutable_table();
    table.mutable_spec()->set_name(request->name());
    table.mutable_spec()->set_num_rows(kRows);
    table.mutable_spec()->set_dim(2);
    table.set_version(3);
    table.set_revision(9);
    send(message);
    WireHash hash;
    const std::vector<float> values = CountingValues(kRows, 2);
    for (size_t row = request->offset() / kRowBytes; row < plan.after_rows;
         ++row) {
      pb::ExportData& data = *message.mutable_data();
      data.set_offset(static_cast<int64_t>(row * kRowBytes));
      data.set_data(&values[row * 2], kRowBytes);
      data.set_checksum(WireChecksum(data.data()));
      hash.Update(data.data());
      send(message);
    }
    while (plan.silent && !context->IsCancelled()) {
    }
    if (plan.after_rows < kRows) return plan.status;
    message.mutable_end()->set_digest(hash.Finish());
    send(message);
    return plan.status;
  }

 private:
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

Break CutAfter(size_t rows) {
  Break plan;
  plan.after_rows = rows;
  plan.status = {grpc::StatusCode::UNAVAILABLE, "cut off"};
  return plan;
}

class ExportCallTest : public testing::Test {
 protected:
  absl::StatusOr<TableInfo> Export() {
    ExportSink sink;
    sink.begin = [this](const TableInfo&) {
      ++begun_;
      return absl::OkStatus();
    };
    sink.rows = [this](absl::Span<const std::byte> bytes) {
      received_.append(reinterpret_cast<const char*>(bytes.data()),
                       bytes.size());
      return sink_status_;
    };
    const auto connection =
        MakeGrpcConnection(server_.address(), server_.address());
    return connection->ExportTable("item", options_, sink);
  }

  bool ReceivedAll() const {
    const std::vector<float> values = CountingValues(kRows, 2);
    return received_.size() == kRows * kRowBytes &&
           std::memcmp(received_.data(), values.data(), received_.size()) == 0;
  }

  ExportServer server_;
  ExportOptions options_;
  absl::Status sink_status_;
  int begun_ = 0;
  std::string received_;
};

TEST_F(ExportCallTest, HandsAllRowsOver) {
  std::vector<int64_t> progress;
  options_.version = 3;
  options_.progress = [&](int64_t bytes) { progress.push_back(bytes); };
  EMB_ASSERT_OK_AND_ASSIGN(const TableInfo table, Export());
  EXPECT_TRUE(ReceivedAll());
  EXPECT_EQ(table.version, 3U);
  EXPECT_EQ(table.revision, 9U);
  EXPECT_EQ(progress.back(), static_cast<int64_t>(kRows * kRowBytes));
  ASSERT_EQ(server_.requests.size(), 1U);
  EXPECT_EQ(server_.requests[0].version(), 3U);
  EXPECT_FALSE(server_.requests[0].has_expected_revision());
}

TEST_F(ExportCallTest, GoesOnBehindTheLastRow) {
  server_.breaks = {CutAfter(3), CutAfter(5)};
  EMB_ASSERT_OK(Export());
  EXPECT_TRUE(ReceivedAll());
  EXPECT_EQ(begun_, 1);
  ASSERT_EQ(server_.requests.size(), 3U);
  for (size_t i = 1; i < 3; ++i) {
    EXPECT_EQ(server_.requests[i].version(), 3U);
    EXPECT_EQ(server_.requests[i].expected_revision(), 9U);
  }
  EXPECT_EQ(server_.requests[1].offset(), static_cast<int64_t>(3 * kRowBytes));
  EXPECT_EQ(server_.requests[2].offset(), static_cast<int64_t>(5 * kRowBytes));
}

TEST_F(ExportCallTest, GivesUpWhereNothingMoreComes) {
  options_.retries = 2;
  server_.breaks = {CutAfter(3), CutAfter(3), CutAfter(3), CutAfter(3)};
  EXPECT_THAT(Export(),
              StatusIs(StatusCode::kUnavailable, HasSubstr("cut off")));
  EXPECT_EQ(server_.requests.size(), 3U);
}

TEST_F(ExportCallTest, RowsThatChangedMeanwhileAreNotMixed) {
  Break changed;
  changed.after_rows = 0;
  changed.status = {grpc::StatusCode::ABORTED, "at revision 10"};
  server_.breaks = {CutAfter(3), changed};
  EXPECT_THAT(Export(),
              StatusIs(StatusCode::kAborted, HasSubstr("at revision 10")));
}

TEST_F(ExportCallTest, SeesWhatWasChangedOnItsWay) {
  const std::vector<std::function<void(pb::ExportTableResponse&)>> changes = {
      [](pb::ExportTableResponse& message) {
        if (message.has_data() && message.data().offset() == 2 * kRowBytes) {
          (*message.mutable_data()->mutable_data())[3] ^= 1;
        }
      },
      [](pb::ExportTableResponse& message) {
        if (message.has_data() && message.data().offset() == 2 * kRowBytes) {
          message.mutable_data()->set_offset(3 * kRowBytes);
        }
      },
      [](pb::ExportTableResponse& message) {
        if (message.has_end()) {
          message.mutable_end()->set_digest(std::string(32, '0'));
        }
      },
      [](pb::ExportTableResponse& message) {
        if (message.has_end()) message.clear_part();
      },
  };
  for (const auto& change : changes) {
    Break plan;
    plan.change = change;
    server_.breaks.assign(server_.requests.size(), Break());
    server_.breaks.push_back(plan);
    received_.clear();
    EXPECT_THAT(Export(), StatusIs(StatusCode::kDataLoss, HasSubstr("export")));
  }
}

TEST_F(ExportCallTest, AnEndThatComesTooEarlyIsNone) {
  Break plan;
  plan.after_rows = 3;
  server_.breaks = {plan};
  EXPECT_THAT(Export(), StatusIs(StatusCode::kDataLoss,
                                 HasSubstr("ended before its last row")));
}

TEST_F(ExportCallTest, AServerThatFallsSilentIsGivenUp) {
  Break plan;
  plan.after_rows = 3;
  plan.silent = true;
  server_.breaks = {plan};
  options_.stall_timeout = absl::Milliseconds(50);
  EXPECT_THAT(Export(), StatusIs(StatusCode::kDeadlineExceeded,
                                 HasSubstr("nothing came for 50ms")));
}

TEST_F(ExportCallTest, TheSinksErrorEndsIt) {
  sink_status_ = absl::ResourceExhaustedError("no space left");
  EXPECT_THAT(Export(), StatusIs(StatusCode::kResourceExhausted,
                                 HasSubstr("no space left")));
  EXPECT_EQ(received_.size(), kRowBytes);
}

}  // namespace
}  // namespace emb
