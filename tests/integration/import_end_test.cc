// Imports that end as soon as they have begun.
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "embedding/v1/admin.grpc.pb.h"
#include "gmock/gmock.h"
#include "grpcpp/grpcpp.h"
#include "gtest/gtest.h"
#include "tests/testing/in_process_server.h"
#include "tests/testing/status_matchers.h"

namespace emb {
namespace {

namespace pb = embedding::v1;

// One import of a byte too few; how it ends.
grpc::Status ImportTooLittle(pb::TableAdmin::Stub& stub,
                             const std::string& name) {
  grpc::ClientContext context;
  pb::ImportTableResponse response;
  const auto call = stub.ImportTable(&context, &response);
  pb::ImportTableRequest message;
  pb::TableSpec& spec = *message.mutable_header()->mutable_spec();
  spec.set_name(name);
  spec.set_num_rows(1);
  spec.set_dim(1);
  call->Write(message);
  message.mutable_data()->set_data("abc");
  call->Write(message);
  call->WritesDone();
  return call->Finish();
}

// The next message may be there, refused, and the call over, before the
// worker that asked for it lets go of the call's mutex: it unlocked, and so
// wrote to, memory that was somebody else's by then.
TEST(ImportEnd, ACallThatEndsAtOnceIsNotTouchedAfterwards) {
  EMB_ASSERT_OK_AND_ASSIGN(const auto server, InProcessServer::Start());
  const auto stub = pb::TableAdmin::NewStub(grpc::CreateChannel(
      server->server().admin_address(), grpc::InsecureChannelCredentials()));
  std::vector<std::thread> callers;
  for (int caller = 0; caller < 4; ++caller) {
    callers.emplace_back([&stub, caller] {
      for (int i = 0; i < 500; ++i) {
        const grpc::Status status =
            ImportTooLittle(*stub, absl::StrCat("table", caller));
        ASSERT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
        ASSERT_EQ(status.error_message(), "data: 3 bytes, want 4");
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
}

}  // namespace
}  // namespace emb
