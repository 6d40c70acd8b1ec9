// Who may do what: every call by every role, tables, and tokens that change.
#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "emb/client.h"
#include "embedding/v1/admin.pb.h"
#include "embedding/v1/lookup.pb.h"
#include "gmock/gmock.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/generic/generic_stub.h"
#include "gtest/gtest.h"
#include "server/access_tokens.h"
#include "server/call_roles.h"
#include "tests/testing/ask.h"
#include "tests/testing/certificates.h"
#include "tests/testing/in_process_server.h"
#include "tests/testing/row_sources.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace emb {
namespace {

using absl::StatusCode;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr absl::Duration kPatience = absl::Seconds(60);

std::string EntryOf(const std::string& token, Role role,
                    const std::string& tables = "") {
  std::string hash;
  for (const uint8_t byte : HashToken(token)) {
    absl::StrAppendFormat(&hash, "%02x", byte);
  }
  return absl::StrCat("[[token]]\nname = \"the-", token, "\"\nrole = \"",
                      std::string(RoleName(role)), "\"\nsha256 = \"", hash,
                      "\"\n", tables.empty() ? "" : "tables = ", tables, "\n");
}

// One call of any kind with one empty message, and a header if there is one.
grpc::Status CallOnce(const std::string& address, const std::string& method,
                      const std::string& authorization) {
  grpc::GenericStub stub(
      grpc::CreateChannel(address, grpc::InsecureChannelCredentials()));
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + kPatience));
  if (!authorization.empty()) {
    context.AddMetadata("authorization", authorization);
  }
  grpc::CompletionQueue queue;
  const auto call = stub.PrepareCall(&context, method, &queue);
  const auto done = [&queue] {
    void* tag = nullptr;
    bool ok = false;
    return queue.Next(&tag, &ok) && ok;
  };
  call->StartCall(nullptr);
  done();
  grpc::Slice nothing;
  call->WriteLast(grpc::ByteBuffer(&nothing, 1), {}, nullptr);
  done();
  grpc::ByteBuffer answer;
  do {
    call->Read(&answer, nullptr);
  } while (done());
  grpc::Status status;
  call->Finish(&status, nullptr);
  done();
  return status;
}

class TokensTest : public testing::Test {
 protected:
  void SetUp() override {
    WriteTokens();
    ServerOptions options;
    options.token_file = dir_ / "tokens.toml";
    options.reload_interval = absl::Milliseconds(1);
    EMB_ASSERT_OK_AND_ASSIGN(server_, InProcessServer::Start(options));
    for (const char* const name : {"item", "user.age", "other"}) {
      TableOptions table;
      table.name = name;
      table.num_rows = 10;
      table.dim = 2;
      EMB_ASSERT_OK(With("admin").CreateTable(table));
    }
  }

  void WriteTokens(const std::string& more = "") {
    const std::string some = R"(["item", "user.*"])";
    ReplaceFile(dir_ / "tokens.toml",
                absl::StrCat(EntryOf("read", Role::kRead),
                             EntryOf("write", Role::kWrite),
                             EntryOf("admin", Role::kAdmin),
                             EntryOf("some", Role::kAdmin, some), more));
  }

  Client With(const std::string& token) {
    ClientOptions options;
    options.token = token;
    return server_->client(options);
  }

  const TempDir dir_;
  std::unique_ptr<InProcessServer> server_;
};

// Of both services. A call that is new has no role, and fails here.
TEST_F(TokensTest, EveryCallByEveryRole) {
  const Server& server = server_->server();
  const struct {
    const google::protobuf::ServiceDescriptor* service;
    std::string address;
  } services[] = {
      {embedding::v1::LookupRequest::descriptor()->file()->service(0),
       server.data_address()},
      {embedding::v1::TableSpec::descriptor()->file()->service(0),
       server.admin_address()},
  };
  int calls = 0;
  for (const auto& [service, address] : services) {
    for (int i = 0; i < service->method_count(); ++i) {
      const std::string name = service->method(i)->name();
      const std::string method =
          absl::StrCat("/", service->full_name(), "/", name);
      SCOPED_TRACE(method);
      EMB_ASSERT_OK_AND_ASSIGN(const Role needed, RoleOfCall(name));
      for (const absl::string_view sent :
           {"", "Bearer", "Bearer ", "Bearer unknown", "Basic admin", "admin",
            "Bearer admin ", "Bearer  admin"}) {
        EXPECT_EQ(CallOnce(address, method, std::string(sent)).error_code(),
                  grpc::StatusCode::UNAUTHENTICATED)
            << sent;
      }
      for (const Role role : {Role::kRead, Role::kWrite, Role::kAdmin}) {
        const std::string token(RoleName(role));
        const grpc::Status status =
            CallOnce(address, method, absl::StrCat("Bearer ", token));
        SCOPED_TRACE(absl::StrCat(token, ": ", status.error_message()));
        EXPECT_NE(status.error_code(), grpc::StatusCode::UNAUTHENTICATED);
        EXPECT_EQ(status.error_code() == grpc::StatusCode::PERMISSION_DENIED,
                  role < needed);
        EXPECT_NE(status.error_code(), grpc::StatusCode::UNIMPLEMENTED);
        ++calls;
      }
    }
  }
  EXPECT_GE(calls, 3 * 19);
}

TEST_F(TokensTest, HealthAndReflectionNeedNone) {
  const Client client = server_->client();
  EMB_EXPECT_OK(client.CheckHealth());
  EMB_EXPECT_OK(client.CheckHealth("embedding.v1.TableAdmin"));
  EXPECT_TRUE(
      CallOnce(server_->server().data_address(),
               "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
               "")
          .ok());
  // The control.
  EXPECT_THAT(client.GetStatus(), StatusIs(StatusCode::kUnauthenticated,
                                           AllOf(HasSubstr("none was sent"),
                                                 HasSubstr("--token-file"))));
}

TEST_F(TokensTest, ErrorsNameTheTokenByItsNameOnly) {
  EXPECT_THAT(With("read").DropTable("item"),
              StatusIs(StatusCode::kPermissionDenied,
                       "token \"the-read\": has the role read, want admin"));
  EXPECT_THAT(With("s3cret").DropTable("item"),
              StatusIs(StatusCode::kUnauthenticated, Not(HasSubstr("s3cret"))));
}

TEST_F(TokensTest, AFeatureOfAnotherTableFailsByItself) {
  const Client some = With("some");
  EMB_EXPECT_OK(some.Lookup(Ask("item", {1})));
  EMB_EXPECT_OK(some.Lookup(Ask("user.age", {1})));
  const auto denied =
      StatusIs(StatusCode::kPermissionDenied,
               R"(features[0]: token "the-some": not for table "other")");
  EXPECT_THAT(some.Lookup(Ask("other", {1})), denied);
  // Whether there is such a table is not told.
  EXPECT_THAT(some.Lookup(Ask("none", {1})),
              StatusIs(StatusCode::kPermissionDenied, HasSubstr("none")));
  EXPECT_THAT(some.Lookup(Ask("user.none", {1})),
              StatusIs(StatusCode::kNotFound, HasSubstr("user.none")));

  LookupRequest both = Ask("other", {1});
  both.features.push_back(Ask("item", {2}).features[0]);
  EXPECT_THAT(some.Lookup(both), denied);
  both.partial = true;
  EMB_ASSERT_OK_AND_ASSIGN(const LookupResult result, some.Lookup(both));
  EXPECT_THAT(result.feature(0).status, denied);
  EMB_EXPECT_OK(result.feature(1).status);
  EXPECT_EQ(result.feature(1).values().size(), 2U);

  const auto stream = some.OpenLookupStream();
  EMB_ASSERT_OK(stream->Send(Ask("other", {1})));
  EMB_ASSERT_OK(stream->Send(Ask("item", {1})));
  EXPECT_THAT(stream->Receive(), denied);
  EMB_EXPECT_OK(stream->Receive());
}

TEST_F(TokensTest, AdministrationKeepsToTheTables) {
  const Client some = With("some");
  EMB_ASSERT_OK_AND_ASSIGN(const auto tables, some.ListTables());
  ASSERT_EQ(tables.size(), 2U);
  EXPECT_EQ(tables[0].options.name, "item");
  EXPECT_EQ(tables[1].options.name, "user.age");
  EMB_EXPECT_OK(some.GetTable("item"));
  EMB_EXPECT_OK(some.GetStatus());

  TableOptions other;
  other.name = "other";
  other.num_rows = 1;
  other.dim = 2;
  const std::vector<float> values(2, 1.0F);
  RowValues rows;
  rows.table = "other";
  rows.ids = {0};
  rows.values = values;
  RowValues fine = rows;
  fine.table = "item";
  const ExportSink sink = {
      [](const TableInfo&) { return absl::OkStatus(); },
      [](absl::Span<const std::byte>) { return absl::OkStatus(); }};
  const struct {
    const char* call;
    absl::Status status;
  } cases[] = {
      {"GetTable", some.GetTable("other").status()},
      {"CreateTable", some.CreateTable(other).status()},
      {"DropTable", some.DropTable("other")},
      {"ImportTable", some.ImportTable(other, RowsFromValues(values)).status()},
      {"ExportTable", some.ExportTable("other", sink).status()},
      {"ListVersions", some.ListVersions("other").status()},
      {"PublishVersions",
       some.PublishVersions({{"item", 1}, {"other", 1}}).status()},
      {"RollbackTable", some.RollbackTable("other").status()},
      {"PinVersion", some.PinVersion({"other", 1}, true).status()},
      {"UpsertRows", some.UpsertRows({fine, rows}).status()},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.call);
    EXPECT_THAT(c.status,
                StatusIs(StatusCode::kPermissionDenied,
                         R"(token "the-some": not for table "other")"));
  }
  EMB_EXPECT_OK(With("admin").GetTable("other"));
  for (const absl::Status& status :
       {some.Backup("b").status(), some.ListBackups("b").status(),
        some.Restore("b").status(), some.Verify().status()}) {
    EXPECT_THAT(status, StatusIs(StatusCode::kPermissionDenied,
                                 HasSubstr("want one for all")));
  }
  // The control: what is its own it may change.
  other.name = "user.new";
  EMB_EXPECT_OK(some.ImportTable(other, RowsFromValues(values)));
  EMB_EXPECT_OK(some.UpsertRows({fine}));
  EMB_EXPECT_OK(some.DropTable("user.new"));
}

TEST_F(TokensTest, ABrokenFileIsRefusedAtTheStartAndIgnoredLater) {
  ReplaceFile(dir_ / "tokens.toml", "[[token]]\nname = 3\n");
  EXPECT_THAT(
      server_->server().ReloadCredentials(),
      StatusIs(StatusCode::kInvalidArgument,
               AllOf(HasSubstr("--token_file"), HasSubstr("line 2: name"))));
  EMB_EXPECT_OK(With("read").Lookup(Ask("item", {1})));
  ServerOptions options;
  options.token_file = dir_ / "tokens.toml";
  EXPECT_THAT(
      InProcessServer::Start(options),
      StatusIs(StatusCode::kInvalidArgument, HasSubstr("line 2: name")));
  options.token_file = dir_ / "none";
  EXPECT_THAT(
      InProcessServer::Start(options),
      StatusIs(StatusCode::kInvalidArgument,
               AllOf(HasSubstr("--token_file"), HasSubstr("No such file"))));
}

// Lookups of one token go on while another comes and goes, and the file is
// rubbish now and then.
TEST_F(TokensTest, TokensChangeUnderLoad) {
  std::atomic<bool> stop = false;
  std::atomic<int> answered = 0;
  std::thread load([&] {
    const Client reader = With("read");
    while (!stop) {
      const auto result = reader.Lookup(Ask("item", {1, 2}));
      EXPECT_THAT(result, IsOk());
      if (result.ok()) ++answered;
    }
  });
  const Client guest = With("guest");
  const auto code_becomes = [&](StatusCode want) {
    const absl::Time give_up = absl::Now() + kPatience;
    StatusCode code = StatusCode::kUnknown;
    while (code != want && absl::Now() < give_up) {
      code = guest.Lookup(Ask("item", {1})).status().code();
    }
    return code;
  };
  for (int i = 0; i < 20; ++i) {
    WriteTokens(EntryOf("guest", Role::kRead));
    EXPECT_EQ(code_becomes(StatusCode::kOk), StatusCode::kOk);
    const auto stream = guest.OpenLookupStream();
    EMB_ASSERT_OK(stream->Send(Ask("item", {1})));
    EMB_EXPECT_OK(stream->Receive());
    ReplaceFile(dir_ / "tokens.toml", "rubbish");
    WriteTokens();
    EXPECT_EQ(code_becomes(StatusCode::kUnauthenticated),
              StatusCode::kUnauthenticated);
    // A stream that is open ends to be of use, too.
    EMB_ASSERT_OK(stream->Send(Ask("item", {1})));
    EXPECT_THAT(stream->Receive(),
                StatusIs(StatusCode::kUnauthenticated, HasSubstr("token")));
  }
  stop = true;
  load.join();
  EXPECT_GT(answered, 0);
}

}  // namespace
}  // namespace emb
