#include "client/src/grpc_connection.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "google/rpc/error_details.pb.h"
#include "grpcpp/health_check_service_interface.h"
#include "gtest/gtest.h"
#include "tests/testing/row_sources.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/client/fake_server.h"

namespace emb {
namespace {

namespace pb = embedding::v1;

using absl::StatusCode;
using testing::AllOf;
using testing::ElementsAre;
using testing::Eq;
using testing::HasSubstr;
using testing::IsEmpty;

// Longer than any call here takes: none of these tests is about its passing.
constexpr absl::Duration kPatience = absl::Seconds(60);
constexpr absl::Duration kShort = absl::Milliseconds(50);

LookupRequest Ask(const std::string& table) {
  LookupRequest request;
  request.features.emplace_back().table = table;
  request.features[0].ids = {2};
  return request;
}

TableOptions Named(const std::string& name) {
  TableOptions options;
  options.name = name;
  options.seed = 4;
  return options;
}

// One float32 per feature: its first id.
grpc::Status AnswerFirstIds(const pb::LookupRequest& request,
                            pb::LookupResponse& response) {
  response.set_epoch(8);
  for (const pb::Feature& feature : request.features()) {
    pb::FeatureResult& result = *response.add_results();
    result.add_shape(1);
    result.set_dtype(pb::DTYPE_FLOAT32);
    const auto value = static_cast<float>(feature.ids(0));
    result.set_values(&value, sizeof(value));
  }
  return grpc::Status::OK;
}

class GrpcConnectionTest : public testing::Test {
 protected:
  // One call of each kind. A method's name, whether it may be tried again,
  // and how to call it.
  struct UnaryCall {
    std::string method;
    bool retried;
    std::function<absl::Status(Connection&, absl::Duration)> run;
  };
  static std::vector<UnaryCall> UnaryCalls() {
    return {
        {"Lookup", true,
         [](Connection& connection, absl::Duration timeout) {
           return connection.Lookup(Ask("item"), timeout).status();
         }},
        {"GetTable", true,
         [](Connection& connection, absl::Duration timeout) {
           return connection.GetTable("item", timeout).status();
         }},
        {"ListTables", true,
         [](Connection& connection, absl::Duration timeout) {
           return connection.ListTables(timeout).status();
         }},
        {"GetStatus", true,
         [](Connection& connection, absl::Duration timeout) {
           return connection.GetStatus(timeout).status();
         }},
        {"CreateTable", false,
         [](Connection& connection, absl::Duration timeout) {
           return connection.CreateTable(Named("item"), timeout).status();
         }},
        {"DropTable", false,
         [](Connection& connection, absl::Duration timeout) {
           return connection.DropTable("item", timeout);
         }},
    };
  }

  GrpcConnectionTest() { server_.lookup = AnswerFirstIds; }

  FakeServer server_;
  const std::shared_ptr<Connection> connection_ =
      MakeGrpcConnection(server_.address(), server_.address());
};

TEST_F(GrpcConnectionTest, EveryCallReturnsWhatTheServerAnswers) {
  EMB_ASSERT_OK_AND_ASSIGN(const LookupResult result,
                           connection_->Lookup(Ask("item"), kPatience));
  EXPECT_EQ(result.epoch(), 8U);
  EXPECT_THAT(result.feature(0).values(), ElementsAre(2));
  EMB_ASSERT_OK_AND_ASSIGN(const TableInfo created,
                           connection_->CreateTable(Named("new"), kPatience));
  EXPECT_EQ(created.options.name, "new");
  EXPECT_EQ(created.options.seed, 4U);
  EMB_ASSERT_OK_AND_ASSIGN(const TableInfo table,
                           connection_->GetTable("old", kPatience));
  EXPECT_EQ(table.options.name, "old");
  EXPECT_THAT(connection_->ListTables(kPatience), IsOkAndHolds(IsEmpty()));
  EMB_ASSERT_OK_AND_ASSIGN(const ServerStatus status,
                           connection_->GetStatus(kPatience));
  EXPECT_EQ(status.version, "fake");
  EMB_EXPECT_OK(connection_->DropTable("old", kPatience));
}

// Infinity is no number of microseconds to add to the time of day.
TEST_F(GrpcConnectionTest, ATimeoutMayBeInfinite) {
  for (const UnaryCall& call : UnaryCalls()) {
    SCOPED_TRACE(call.method);
    EMB_EXPECT_OK(call.run(*connection_, absl::InfiniteDuration()));
    EXPECT_EQ(server_.calls(call.method), 1);
  }
}

TEST_F(GrpcConnectionTest, EveryCallReturnsTheErrorWithItsDetails) {
  server_.failure = WithDetails(grpc::StatusCode::OUT_OF_RANGE, "ids[0] = 9");
  for (const UnaryCall& call : UnaryCalls()) {
    SCOPED_TRACE(call.method);
    server_.failures_left = 1;
    const absl::Status status = call.run(*connection_, kPatience);
    EXPECT_THAT(status, StatusIs(StatusCode::kOutOfRange, Eq("ids[0] = 9")));
    const auto payload = status.GetPayload(kBadRequestType);
    ASSERT_TRUE(payload.has_value());
    google::rpc::BadRequest details;
    ASSERT_TRUE(details.ParseFromString(std::string(*payload)));
    EXPECT_EQ(details.field_violations(0).field(), "features[0].ids[0]");
    EXPECT_EQ(server_.calls(call.method), 1);
  }
}

TEST_F(GrpcConnectionTest, ReadsOutliveTwoUnavailableAnswers) {
  server_.failure = {grpc::StatusCode::UNAVAILABLE, "loading"};
  for (const UnaryCall& call : UnaryCalls()) {
    if (!call.retried) continue;
    SCOPED_TRACE(call.method);
    server_.failures_left = 2;
    EMB_EXPECT_OK(call.run(*connection_, kPatience));
    EXPECT_EQ(server_.calls(call.method), 3);
  }
}

TEST_F(GrpcConnectionTest, ReadsAreTriedThreeTimesAndNoMore) {
  server_.failure = {grpc::StatusCode::UNAVAILABLE, "loading"};
  for (const UnaryCall& call : UnaryCalls()) {
    if (!call.retried) continue;
    SCOPED_TRACE(call.method);
    server_.failures_left = 3;
    EXPECT_THAT(call.run(*connection_, kPatience),
                StatusIs(StatusCode::kUnavailable, Eq("loading")));
    EXPECT_EQ(server_.calls(call.method), 3);
  }
}

// The first try may have changed something, though its answer was lost.
TEST_F(GrpcConnectionTest, ChangesAreTriedOnce) {
  server_.failure = {grpc::StatusCode::UNAVAILABLE, "draining"};
  for (const UnaryCall& call : UnaryCalls()) {
    if (call.retried) continue;
    SCOPED_TRACE(call.method);
    server_.failures_left = 1;
    EXPECT_THAT(call.run(*connection_, kPatience),
                StatusIs(StatusCode::kUnavailable, Eq("draining")));
    EXPECT_EQ(server_.calls(call.method), 1);
  }
  server_.import_plan.num_parts = 0;
  server_.import_plan.status = server_.failure;
  EXPECT_THAT(connection_->ImportTable(Named("item"), {}, RowsFromValues({1})),
              StatusIs(StatusCode::kUnavailable, Eq("draining")));
  EXPECT_EQ(server_.calls("ImportTable"), 1);
}

// CANCELLED: see failover_test.cc.
TEST_F(GrpcConnectionTest, OtherErrorsAreNotTriedAgain) {
  for (int code = 1; code <= 16; ++code) {
    if (code == grpc::StatusCode::UNAVAILABLE) continue;
    if (code == grpc::StatusCode::CANCELLED) continue;
    SCOPED_TRACE(code);
    server_.failure = {static_cast<grpc::StatusCode>(code), "text"};
    server_.failures_left = 1;
    const int before = server_.calls("Lookup");
    EXPECT_THAT(connection_->Lookup(Ask("item"), kPatience),
                StatusIs(static_cast<StatusCode>(code)));
    EXPECT_EQ(server_.calls("Lookup"), before + 1);
  }
}

TEST_F(GrpcConnectionTest, ACallWithoutAnAnswerEndsWithItsTimeout) {
  server_.silent = true;
  for (const UnaryCall& call : UnaryCalls()) {
    SCOPED_TRACE(call.method);
    EXPECT_THAT(
        call.run(*connection_, kShort),
        StatusIs(StatusCode::kDeadlineExceeded, HasSubstr(server_.address())));
  }
}

TEST_F(GrpcConnectionTest, AnAnswerThatContradictsItselfIsInternal) {
  server_.lookup = [](const pb::LookupRequest& request,
                      pb::LookupResponse& response) {
    const grpc::Status status = AnswerFirstIds(request, response);
    response.mutable_results(0)->add_shape(2);
    return status;
  };
  EXPECT_THAT(
      connection_->Lookup(Ask("item"), kPatience),
      StatusIs(StatusCode::kInternal, HasSubstr("results[0]: 4 bytes")));
  server_.lookup = nullptr;
  EXPECT_THAT(connection_->Lookup(Ask("item"), kPatience),
              StatusIs(StatusCode::kInternal, HasSubstr("0 results, want 1")));
}

TEST_F(GrpcConnectionTest, ListTablesTurnsEveryPage) {
  server_.list_tables = [](const pb::ListTablesRequest& request,
                           pb::ListTablesResponse& response) {
    // An empty page need not be the last one.
    const std::string page = request.page_token();
    if (page != "b") {
      response.add_tables()->mutable_spec()->set_name("first of " + page);
      response.add_tables()->mutable_spec()->set_name("second of " + page);
    }
    if (page.empty()) response.set_next_page_token("b");
    if (page == "b") response.set_next_page_token("c");
    return grpc::Status::OK;
  };
  EMB_ASSERT_OK_AND_ASSIGN(const std::vector<TableInfo> tables,
                           connection_->ListTables(kPatience));
  std::vector<std::string> names;
  for (const TableInfo& table : tables) names.push_back(table.options.name);
  EXPECT_THAT(names, ElementsAre("first of ", "second of ", "first of c",
                                 "second of c"));
}

TEST_F(GrpcConnectionTest, ListTablesFailsWithALaterPage) {
  server_.list_tables = [](const pb::ListTablesRequest& request,
                           pb::ListTablesResponse& response) {
    if (!request.page_token().empty()) {
      return grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "page_token");
    }
    response.add_tables();
    response.set_next_page_token("b");
    return grpc::Status::OK;
  };
  EXPECT_THAT(connection_->ListTables(kPatience),
              StatusIs(StatusCode::kInvalidArgument, Eq("page_token")));
  EXPECT_EQ(server_.calls("ListTables"), 2);
}

// A port that is taken, so that no other process gets it, but where nobody
// listens.
class DeafPort {
 public:
  DeafPort() : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(bind(socket_, generic, size), 0);
    EXPECT_EQ(getsockname(socket_, generic, &size), 0);
    address_ = absl::StrCat("127.0.0.1:", ntohs(address.sin_port));
  }
  ~DeafPort() { close(socket_); }
  DeafPort(const DeafPort&) = delete;
  DeafPort& operator=(const DeafPort&) = delete;

  const std::string& address() const { return address_; }

 private:
  const int socket_;
  std::string address_;
};

TEST_F(GrpcConnectionTest, SaysThatAServerIsNotReached) {
  const DeafPort server;
  const DeafPort admin;
  const auto connection = MakeGrpcConnection(server.address(), admin.address());
  const auto not_reached = [](const DeafPort& port) {
    return StatusIs(StatusCode::kUnavailable,
                    AllOf(HasSubstr("cannot reach " + port.address()),
                          HasSubstr("is the server running?")));
  };
  for (const UnaryCall& call : UnaryCalls()) {
    SCOPED_TRACE(call.method);
    EXPECT_THAT(call.run(*connection, kPatience),
                not_reached(call.method == "Lookup" ? server : admin));
  }
  EXPECT_THAT(connection->CheckHealth("", kPatience), not_reached(server));
  EXPECT_THAT(connection->ImportTable(Named("item"), {}, RowsFromValues({1})),
              not_reached(admin));
}

class GrpcConnectionHealth : public testing::Test {
 protected:
  // For all servers of the process that are built later.
  static void SetUpTestSuite() { grpc::EnableDefaultHealthCheckService(true); }
  static void TearDownTestSuite() {
    grpc::EnableDefaultHealthCheckService(false);
  }

  FakeServer server_;
  grpc::HealthCheckServiceInterface* const health_ =
      server_.server().GetHealthCheckService();
  const std::shared_ptr<Connection> connection_ =
      MakeGrpcConnection(server_.address(), server_.address());
};

TEST_F(GrpcConnectionHealth, IsOkOnlyWhileServing) {
  ASSERT_NE(health_, nullptr);
  for (const std::string service : {"", "embedding.v1.EmbeddingService"}) {
    SCOPED_TRACE(service);
    health_->SetServingStatus(service, false);
    EXPECT_THAT(connection_->CheckHealth(service, kPatience),
                StatusIs(StatusCode::kUnavailable,
                         Eq(server_.address() + ": not serving")));
    health_->SetServingStatus(service, true);
    EMB_EXPECT_OK(connection_->CheckHealth(service, kPatience));
  }
}

TEST_F(GrpcConnectionHealth, AnUnknownServiceIsNotFound) {
  EXPECT_THAT(
      connection_->CheckHealth("nobody", kPatience),
      StatusIs(StatusCode::kNotFound,
               AllOf(HasSubstr("\"nobody\""), HasSubstr(server_.address()))));
}

TEST_F(GrpcConnectionTest, AServerWithoutHealthChecksSaysSo) {
  EXPECT_THAT(connection_->CheckHealth("", kPatience),
              StatusIs(StatusCode::kUnimplemented));
}

}  // namespace
}  // namespace emb
