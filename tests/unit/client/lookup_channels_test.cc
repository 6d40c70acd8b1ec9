#include "client/src/lookup_channels.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/blocking_counter.h"
#include "absl/time/clock.h"
#include "emb/client.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/ask.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/client/fake_server.h"

namespace emb {
namespace {

// Answers a feature without values.
grpc::Status AnswerNothing(const embedding::v1::LookupRequest&,
                           embedding::v1::LookupResponse& response) {
  response.add_results()->add_shape(0);
  response.mutable_results(0)->set_dtype(embedding::v1::DTYPE_FLOAT32);
  return grpc::Status::OK;
}

Client ConnectTo(const std::string& target, int channels) {
  ClientOptions options;
  options.server = options.admin = target;
  options.channels = channels;
  options.lookup_timeout = absl::Seconds(60);
  return Client::Connect(options).value();
}

TEST(LookupChannels, EachIsAConnectionOfItsOwn) {
  for (const int channels : {1, 3}) {
    FakeServer server;
    server.lookup = AnswerNothing;
    const Client client = ConnectTo(server.address(), channels);
    const Client copy = client;
    for (int i = 0; i < 12; ++i) {
      EMB_EXPECT_OK((i % 2 == 0 ? client : copy).Lookup(Ask("item", {})));
    }
    EXPECT_EQ(server.num_peers(), static_cast<size_t>(channels));
    EXPECT_EQ(server.calls("Lookup"), 12);
  }
}

TEST(LookupChannels, AsynchronousLookupsTakeThemInTurnToo) {
  FakeServer server;
  server.lookup = AnswerNothing;
  const Client client = ConnectTo(server.address(), 4);
  absl::BlockingCounter left(8);
  for (int i = 0; i < 8; ++i) {
    client.LookupAsync(Ask("item", {}),
                       [&](const absl::StatusOr<LookupResult>& result) {
                         EMB_EXPECT_OK(result);
                         left.DecrementCount();
                       });
  }
  left.Wait();
  EXPECT_EQ(server.num_peers(), 4U);
}

TEST(LookupChannels, TwoClientsShareNothing) {
  FakeServer server;
  server.lookup = AnswerNothing;
  EMB_EXPECT_OK(ConnectTo(server.address(), 1).Lookup(Ask("item", {})));
  const Client first = ConnectTo(server.address(), 1);
  const Client second = ConnectTo(server.address(), 1);
  EMB_EXPECT_OK(first.Lookup(Ask("item", {})));
  EMB_EXPECT_OK(second.Lookup(Ask("item", {})));
  EXPECT_EQ(server.num_peers(), 3U);
}

// A connection comes up when it comes up: what is certain is that both
// servers get lookups in the end.
TEST(LookupChannels, ATargetOfSeveralServersSpreadsLookups) {
  FakeServer first;
  FakeServer second;
  first.lookup = second.lookup = AnswerNothing;
  const Client client =
      ConnectTo(absl::StrCat("ipv4:", first.address(), ",", second.address()),
                /*channels=*/1);
  const absl::Time give_up = absl::Now() + absl::Seconds(60);
  while ((first.calls("Lookup") < 10 || second.calls("Lookup") < 10) &&
         absl::Now() < give_up) {
    EMB_ASSERT_OK(client.Lookup(Ask("item", {})));
  }
  EXPECT_GE(first.calls("Lookup"), 10);
  EXPECT_GE(second.calls("Lookup"), 10);
}

TEST(LookupChannels, LookupsGoPastAServerThatIsGone) {
  FakeServer first;
  first.lookup = AnswerNothing;
  std::optional<FakeServer> second(std::in_place);
  second->lookup = AnswerNothing;
  const Client client =
      ConnectTo(absl::StrCat("ipv4:", first.address(), ",", second->address()),
                /*channels=*/1);
  while (second->calls("Lookup") == 0) {
    EMB_ASSERT_OK(client.Lookup(Ask("item", {})));
  }
  second.reset();
  const int before = first.calls("Lookup");
  for (int i = 0; i < 20; ++i) EMB_EXPECT_OK(client.Lookup(Ask("item", {})));
  EXPECT_EQ(first.calls("Lookup"), before + 20);
}

}  // namespace
}  // namespace emb
