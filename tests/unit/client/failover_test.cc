// What becomes of lookups whose server stops, dies or says that it does not
// serve.
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/blocking_counter.h"
#include "absl/time/clock.h"
#include "client/src/grpc_connection.h"
#include "gmock/gmock.h"
#include "grpcpp/health_check_service_interface.h"
#include "gtest/gtest.h"
#include "tests/testing/ask.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/client/fake_server.h"

namespace emb {
namespace {

namespace pb = embedding::v1;

using absl::StatusCode;
using testing::AllOf;
using testing::HasSubstr;

// Longer than any call here takes: none of these tests is about its passing.
constexpr absl::Duration kPatience = absl::Seconds(60);

// As many float32 as the first feature has ids.
grpc::Status AnswerZeros(const pb::LookupRequest& request,
                         pb::LookupResponse& response) {
  pb::FeatureResult& result = *response.add_results();
  result.add_shape(request.features(0).ids_size());
  result.set_dtype(pb::DTYPE_FLOAT32);
  result.set_values(std::string(request.features(0).ids_size() * 4, '\0'));
  return grpc::Status::OK;
}

std::shared_ptr<Connection> ConnectTo(const std::string& address,
                                      bool retry = true) {
  return MakeGrpcConnection(address, address, 1, {}, retry);
}

class FailoverTest : public testing::Test {
 protected:
  FailoverTest() { server_.lookup = AnswerZeros; }

  FakeServer server_;
};

// As a server that stops ends calls in flight.
TEST_F(FailoverTest, LookupsThatTheServerCancelsAreTriedAgain) {
  const auto connection = ConnectTo(server_.address());
  server_.failure = grpc::Status::CANCELLED;
  server_.failures_left = 2;
  EMB_EXPECT_OK(connection->Lookup(Ask("item", {1}), kPatience));
  EXPECT_EQ(server_.calls("Lookup"), 3);
  // This side cancelled nothing, and does not say so.
  server_.failures_left = 3;
  EXPECT_THAT(
      connection->Lookup(Ask("item", {1}), kPatience),
      StatusIs(StatusCode::kUnavailable,
               AllOf(HasSubstr(server_.address()), HasSubstr("stops"))));
}

// gRPC by itself gives up retries of what is larger than 256 KiB.
TEST_F(FailoverTest, TheLargestRequestsAreTriedAgain) {
  const auto connection = ConnectTo(server_.address());
  const std::vector<int64_t> ids(520'000, 1);  // 8 bytes each: 4 MiB at most.
  for (const auto code :
       {grpc::StatusCode::UNAVAILABLE, grpc::StatusCode::CANCELLED}) {
    server_.failure = {code, "stopping"};
    server_.failures_left = 2;
    EMB_EXPECT_OK(connection->Lookup(Ask("item", ids), kPatience));
    EXPECT_EQ(server_.failures_left, 0);
  }
}

// A server that dies takes all with it that it was asked; so many retries at
// once are no reason to stop trying.
TEST_F(FailoverTest, ThousandsOfLookupsMayFailAtOnce) {
  const auto connection = ConnectTo(server_.address());
  constexpr int kLookups = 1'200;
  server_.failure = {grpc::StatusCode::UNAVAILABLE, "gone"};
  server_.failures_left = kLookups;
  server_.only_first_tries_fail = true;
  absl::BlockingCounter left(kLookups);
  for (int i = 0; i < kLookups; ++i) {
    connection->LookupAsync(
        Ask("item", {1}),
        [&](const absl::StatusOr<LookupResult>& result) {
          EMB_EXPECT_OK(result.status());
          left.DecrementCount();
        },
        kPatience);
  }
  left.Wait();
}

TEST_F(FailoverTest, WithoutRetryCallsAreTriedOnce) {
  const auto connection = ConnectTo(server_.address(), /*retry=*/false);
  for (const auto code :
       {grpc::StatusCode::UNAVAILABLE, grpc::StatusCode::CANCELLED}) {
    server_.failure = {code, "stopping"};
    server_.failures_left = 1;
    EXPECT_THAT(connection->Lookup(Ask("item", {1}), kPatience),
                StatusIs(StatusCode::kUnavailable));
  }
  EXPECT_EQ(server_.calls("Lookup"), 2);
  server_.failures_left = 1;
  EXPECT_THAT(connection->ListTables(kPatience).status(),
              StatusIs(StatusCode::kCancelled));
  EXPECT_EQ(server_.calls("ListTables"), 1);
}

class HealthTest : public testing::Test {
 protected:
  // For all servers of the process that are built later.
  static void SetUpTestSuite() { grpc::EnableDefaultHealthCheckService(true); }
  static void TearDownTestSuite() {
    grpc::EnableDefaultHealthCheckService(false);
  }

  HealthTest() {
    for (FakeServer& server : servers_) server.lookup = AnswerZeros;
  }

  void SetServing(int server, bool serving) {
    servers_[server].server().GetHealthCheckService()->SetServingStatus(
        "", serving);
  }

  // Looks up until a server was asked so often.
  void LookUpUntil(FakeServer& server, int calls) {
    const absl::Time give_up = absl::Now() + kPatience;
    while (server.calls("Lookup") < calls) {
      EMB_ASSERT_OK(connection_->Lookup(Ask("item", {1}), kPatience));
      ASSERT_LT(absl::Now(), give_up);
    }
  }

  FakeServer servers_[2];
  const std::shared_ptr<Connection> connection_ = ConnectTo(
      absl::StrCat("ipv4:", servers_[0].address(), ",", servers_[1].address()));
};

TEST_F(HealthTest, OfSeveralOnlyThoseThatServeAreAsked) {
  SetServing(0, false);
  LookUpUntil(servers_[1], 100);
  EXPECT_EQ(servers_[0].calls("Lookup"), 0);
  SetServing(0, true);
  LookUpUntil(servers_[0], 100);
  // One that drains, long before it closes its listener.
  SetServing(1, false);
  LookUpUntil(servers_[0], servers_[0].calls("Lookup") + 100);
  const int before = servers_[1].calls("Lookup");
  LookUpUntil(servers_[0], servers_[0].calls("Lookup") + 100);
  EXPECT_EQ(servers_[1].calls("Lookup"), before);
}

// One drains, and the other is not connected again yet.
TEST_F(HealthTest, IfNoneServesAnyIsAsked) {
  for (const int server : {0, 1}) SetServing(server, false);
  EMB_EXPECT_OK(connection_->Lookup(Ask("item", {1}), kPatience).status());
  absl::BlockingCounter left(10);
  for (int i = 0; i < 10; ++i) {
    connection_->LookupAsync(
        Ask("item", {1}),
        [&](const absl::StatusOr<LookupResult>& result) {
          EMB_EXPECT_OK(result.status());
          left.DecrementCount();
        },
        kPatience);
  }
  left.Wait();
  // What such a server answers is the caller's to know.
  for (FakeServer& server : servers_) {
    server.failure = {grpc::StatusCode::UNAVAILABLE, "loading"};
    server.failures_left = 10;
  }
  EXPECT_THAT(connection_->Lookup(Ask("item", {1}), kPatience),
              StatusIs(StatusCode::kUnavailable, HasSubstr("loading")));
}

TEST_F(HealthTest, WithoutRetryOnlyThoseThatServeAreAsked) {
  for (const int server : {0, 1}) SetServing(server, false);
  const auto connection = ConnectTo(
      absl::StrCat("ipv4:", servers_[0].address(), ",", servers_[1].address()),
      /*retry=*/false);
  EXPECT_THAT(connection->Lookup(Ask("item", {1}), kPatience),
              StatusIs(StatusCode::kUnavailable, HasSubstr("cannot reach")));
  EXPECT_EQ(servers_[0].calls("Lookup") + servers_[1].calls("Lookup"), 0);
}

// There is nowhere else to go, and one that drains still answers.
TEST_F(HealthTest, TheOnlyServerIsAskedAnyway) {
  SetServing(0, false);
  const auto connection = ConnectTo(servers_[0].address());
  EMB_EXPECT_OK(connection->Lookup(Ask("item", {1}), kPatience));
}

// Status and tables are also those of a server that takes no lookups.
TEST_F(HealthTest, AdminCallsAskTheServerAnyway) {
  for (const int server : {0, 1}) SetServing(server, false);
  EMB_EXPECT_OK(connection_->GetStatus(kPatience).status());
  EXPECT_THAT(connection_->CheckHealth("", kPatience),
              StatusIs(StatusCode::kUnavailable, HasSubstr("not serving")));
}

}  // namespace
}  // namespace emb
