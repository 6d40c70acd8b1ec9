// ImportTable, GetImport and DropImport, call by call.
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "embedding/v1/admin.grpc.pb.h"
#include "gmock/gmock.h"
#include "grpcpp/create_channel.h"
#include "gtest/gtest.h"
#include "storage/digest.h"
#include "tests/testing/in_process_server.h"
#include "tests/testing/make_table.h"
#include "tests/testing/status_matchers.h"

namespace emb {
namespace {

namespace pb = embedding::v1;

using grpc::StatusCode;
using testing::HasSubstr;

constexpr int64_t kRows = 1'000;
constexpr int64_t kDim = 4;
// Nothing here is about its passing.
constexpr absl::Duration kPatience = absl::Seconds(60);

std::string AllBytes() {
  const auto values = CountingValues(kRows, kDim);
  const auto bytes = AsBytes(values);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string DigestOf(const std::string& bytes) {
  StreamHash hash;
  hash.Update({reinterpret_cast<const std::byte*>(bytes.data()), bytes.size()});
  return DigestToHex(hash.Finish());
}

pb::ImportHeader Header(const std::string& id,
                        const std::string& table = "item") {
  pb::ImportHeader header;
  header.mutable_spec()->set_name(table);
  header.mutable_spec()->set_num_rows(kRows);
  header.mutable_spec()->set_dim(kDim);
  header.set_upload_id(id);
  return header;
}

class ImportCallsTest : public testing::Test {
 protected:
  void Serve(ServerOptions options = {}) {
    EMB_ASSERT_OK_AND_ASSIGN(server_, InProcessServer::Start(options));
    Connect(server_->server().admin_address());
  }

  void Connect(const std::string& address) {
    stub_ = pb::TableAdmin::NewStub(
        grpc::CreateChannel(address, grpc::InsecureChannelCredentials()));
  }

  // One ImportTable call.
  struct Call {
    grpc::ClientContext context;
    pb::ImportTableResponse response;
    std::unique_ptr<grpc::ClientWriter<pb::ImportTableRequest>> writer;

    void Send(int64_t offset, const std::string& bytes) {
      pb::ImportTableRequest message;
      message.mutable_data()->set_offset(offset);
      message.mutable_data()->set_data(bytes);
      writer->Write(message);
    }
    void SendEnd(const std::string& digest) {
      pb::ImportTableRequest message;
      message.mutable_end()->set_digest(digest);
      writer->Write(message);
    }
    grpc::Status Finish() {
      writer->WritesDone();
      return writer->Finish();
    }
  };

  std::unique_ptr<Call> Begin(const pb::ImportHeader& header) {
    auto call = std::make_unique<Call>();
    call->writer = stub_->ImportTable(&call->context, &call->response);
    pb::ImportTableRequest message;
    *message.mutable_header() = header;
    call->writer->Write(message);
    return call;
  }

  // The first answer that is not UNAVAILABLE, as a caller asks for it.
  grpc::Status Get(const std::string& id, pb::GetImportResponse& response) {
    const absl::Time give_up = absl::Now() + kPatience;
    grpc::Status status;
    do {
      grpc::ClientContext context;
      pb::GetImportRequest request;
      request.set_upload_id(id);
      status = stub_->GetImport(&context, request, &response);
    } while (status.error_code() == StatusCode::UNAVAILABLE &&
             absl::Now() < give_up);
    return status;
  }

  StatusCode Drop(const std::string& id) {
    grpc::ClientContext context;
    pb::DropImportRequest request;
    request.set_upload_id(id);
    pb::DropImportResponse response;
    return stub_->DropImport(&context, request, &response).error_code();
  }

  // An upload of which half has come when its call ended.
  void LeaveHalf(const std::string& id, const std::string& table = "item") {
    const auto call = Begin(Header(id, table));
    call->Send(0, bytes_.substr(0, bytes_.size() / 2));
    // Were it cancelled, what is on its way would be lost.
    EXPECT_EQ(call->Finish().error_code(), StatusCode::INVALID_ARGUMENT);
  }

  // The rest of it, as the last call.
  grpc::Status GoOn(const pb::ImportHeader& header,
                    int64_t offset = kRows * kDim * 4 / 2) {
    call_ = Begin(header);
    call_->Send(offset, bytes_.substr(static_cast<size_t>(offset)));
    call_->SendEnd(DigestOf(bytes_));
    return call_->Finish();
  }

  int64_t MemoryUsed() {
    const auto status = server_->client().GetStatus();
    EXPECT_THAT(status, IsOk());
    return status->memory_used_bytes;
  }

  const std::string bytes_ = AllBytes();
  std::unique_ptr<InProcessServer> server_;
  std::unique_ptr<pb::TableAdmin::Stub> stub_;
  std::unique_ptr<Call> call_;
};

// It looks like a connection that broke.
TEST_F(ImportCallsTest, WithoutAnEndItMayGoOn) {
  Serve();
  const auto call = Begin(Header("a"));
  call->Send(0, bytes_);
  const grpc::Status status = call->Finish();
  EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("end: missing"));
  pb::GetImportResponse response;
  ASSERT_TRUE(Get("a", response).ok());
  EXPECT_EQ(response.offset(), static_cast<int64_t>(bytes_.size()));
  EXPECT_FALSE(response.has_table());
}

TEST_F(ImportCallsTest, GoesOnAndIsDoneOnce) {
  Serve();
  LeaveHalf("a");
  const grpc::Status status = GoOn(Header("a"));
  ASSERT_TRUE(status.ok()) << status.error_message();
  const pb::TableInfo table = call_->response.table();
  EXPECT_EQ(table.version(), 1U);
  // Whoever did not hear that asks, or tries again.
  pb::GetImportResponse response;
  ASSERT_TRUE(Get("a", response).ok());
  EXPECT_EQ(response.table().digest(), table.digest());
  EXPECT_EQ(response.offset(), static_cast<int64_t>(bytes_.size()));
  const auto again = Begin(Header("a"));
  ASSERT_TRUE(again->Finish().ok());
  EXPECT_EQ(again->response.table().version(), 1U);
  EMB_ASSERT_OK_AND_ASSIGN(const auto versions,
                           server_->client().ListVersions("item"));
  EXPECT_EQ(versions.size(), 1U);
}

TEST_F(ImportCallsTest, AnotherHeaderIsAnotherImport) {
  Serve();
  LeaveHalf("a");
  pb::ImportHeader other = Header("a");
  other.set_keep_padding_row(true);
  grpc::Status status = GoOn(other);
  EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("not that with which"));
  // The one that is kept is none the worse for it.
  ASSERT_TRUE(GoOn(Header("a")).ok());
  status = GoOn(other);
  EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT);
}

TEST_F(ImportCallsTest, BytesThatWereChangedAreRefused) {
  Serve();
  const auto call = Begin(Header("a"));
  call->Send(0, bytes_);
  call->SendEnd(DigestOf("others"));
  const grpc::Status status = call->Finish();
  EXPECT_EQ(status.error_code(), StatusCode::DATA_LOSS);
  EXPECT_THAT(status.error_message(), HasSubstr("end.digest"));
  pb::GetImportResponse response;
  EXPECT_EQ(Get("a", response).error_code(), StatusCode::NOT_FOUND);
  EXPECT_EQ(MemoryUsed(), 0);
}

// A connection that is silent is not known to be broken.
TEST_F(ImportCallsTest, ASecondCallTakesOver) {
  Serve();
  const auto silent = Begin(Header("a"));
  silent->Send(0, bytes_.substr(0, bytes_.size() / 2));
  const absl::Time give_up = absl::Now() + kPatience;
  while (MemoryUsed() == 0 && absl::Now() < give_up) continue;
  pb::ImportHeader other = Header("a");
  other.set_no_publish(true);
  EXPECT_EQ(Begin(other)->Finish().error_code(), StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(Begin(Header("a"))->Finish().error_code(), StatusCode::UNAVAILABLE);
  EXPECT_EQ(silent->writer->Finish().error_code(), StatusCode::CANCELLED);
  pb::GetImportResponse response;
  ASSERT_TRUE(Get("a", response).ok());
  const grpc::Status status = GoOn(Header("a"), response.offset());
  EXPECT_TRUE(status.ok()) << status.error_message();
}

TEST_F(ImportCallsTest, ASilentCallIsKept) {
  ServerOptions options;
  options.import_idle_timeout = absl::Seconds(3);
  Serve(options);
  const auto silent = Begin(Header("a"));
  silent->Send(0, bytes_.substr(0, bytes_.size() / 2));
  EXPECT_EQ(silent->writer->Finish().error_code(),
            StatusCode::DEADLINE_EXCEEDED);
  EXPECT_TRUE(GoOn(Header("a")).ok());
}

TEST_F(ImportCallsTest, WhatIsDroppedIsGone) {
  Serve();
  LeaveHalf("a");
  EXPECT_GT(MemoryUsed(), 0);
  EXPECT_EQ(Drop("a"), StatusCode::OK);
  EXPECT_EQ(MemoryUsed(), 0);
  EXPECT_EQ(Drop("a"), StatusCode::NOT_FOUND);
  pb::GetImportResponse response;
  EXPECT_EQ(Get("a", response).error_code(), StatusCode::NOT_FOUND);
}

TEST_F(ImportCallsTest, OthersComeFirst) {
  Serve();
  LeaveHalf("a");
  ServerOptions options;
  // For one, not for two.
  options.memory_limit_bytes = MemoryUsed() * 3 / 2;
  Serve(options);
  LeaveHalf("a");
  // What cannot be had anyway costs nobody anything.
  pb::ImportHeader too_large = Header("b");
  too_large.mutable_spec()->set_num_rows(1'000'000);
  EXPECT_EQ(Begin(too_large)->Finish().error_code(),
            StatusCode::RESOURCE_EXHAUSTED);
  pb::ImportHeader wrong = Header("b");
  wrong.mutable_spec()->set_dim(0);
  EXPECT_EQ(Begin(wrong)->Finish().error_code(), StatusCode::INVALID_ARGUMENT);
  pb::GetImportResponse response;
  ASSERT_TRUE(Get("a", response).ok());
  // Another table's import gets its memory.
  LeaveHalf("b", "user");
  EXPECT_EQ(Get("a", response).error_code(), StatusCode::NOT_FOUND);
  // And another import of the same table the name.
  LeaveHalf("c", "user");
  EXPECT_EQ(Get("b", response).error_code(), StatusCode::NOT_FOUND);
}

TEST_F(ImportCallsTest, AServerThatLoadsKnowsOfNothing) {
  const TempDir dir;
  ServerOptions options;
  options.data_dir = dir.path();
  options.listen = "127.0.0.1:0";
  options.admin_listen = "127.0.0.1:0";
  options.drain_delay = absl::ZeroDuration();
  EMB_ASSERT_OK_AND_ASSIGN(const auto loading, Server::Start(options));
  Connect(loading->admin_address());
  const auto get = [this] {
    grpc::ClientContext context;
    pb::GetImportRequest request;
    request.set_upload_id("a");
    pb::GetImportResponse response;
    return stub_->GetImport(&context, request, &response).error_code();
  };
  EXPECT_EQ(get(), StatusCode::UNAVAILABLE);
  EMB_ASSERT_OK(loading->Load());
  EXPECT_EQ(get(), StatusCode::NOT_FOUND);
}

}  // namespace
}  // namespace emb
