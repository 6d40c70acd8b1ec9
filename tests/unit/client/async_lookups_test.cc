// LookupAsync, through a client, against a server whose answers are decided
// here.
#include "client/src/async_lookups.h"

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/notification.h"
#include "emb/client.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/ask.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/client/fake_server.h"

namespace emb {
namespace {

using absl::StatusCode;
using testing::ElementsAre;
using testing::HasSubstr;

// Answers one float32: the first id.
grpc::Status AnswerFirstId(const embedding::v1::LookupRequest& request,
                           embedding::v1::LookupResponse& response) {
  auto& result = *response.add_results();
  result.add_shape(1);
  result.set_dtype(embedding::v1::DTYPE_FLOAT32);
  const auto value = static_cast<float>(request.features(0).ids(0));
  result.set_values(&value, sizeof(value));
  return grpc::Status::OK;
}

class AsyncLookupsTest : public testing::Test {
 protected:
  AsyncLookupsTest() { server_.lookup = AnswerFirstId; }

  Client MakeClient(int channels = 1) const {
    ClientOptions options;
    options.server = options.admin = server_.address();
    options.channels = channels;
    // Longer than any call here takes.
    options.lookup_timeout = absl::Seconds(60);
    return Client::Connect(options).value();
  }

  // What the lookup answers.
  absl::StatusOr<LookupResult> Await(const Client& client,
                                     const CallOptions& call = {}) {
    absl::Notification over;
    absl::StatusOr<LookupResult> answer;
    client.LookupAsync(
        Ask("item", {7}),
        [&](absl::StatusOr<LookupResult> result) {
          answer = std::move(result);
          over.Notify();
        },
        call);
    over.WaitForNotification();
    return answer;
  }

  FakeServer server_;
};

TEST_F(AsyncLookupsTest, CallsBackOnceForEachLookup) {
  constexpr int kLookups = 500;
  const Client client = MakeClient(2);
  std::vector<std::atomic<int>> calls(kLookups);
  std::atomic<int> wrong = 0;
  std::mutex mutex;
  std::set<std::thread::id> threads;
  absl::BlockingCounter left(kLookups);
  for (int i = 0; i < kLookups; ++i) {
    client.LookupAsync(
        Ask("item", {i}), [&, i](const absl::StatusOr<LookupResult>& result) {
          ++calls[static_cast<size_t>(i)];
          if (!result.ok() ||
              result->feature(0).values()[0] != static_cast<float>(i)) {
            ++wrong;
          }
          {
            const std::lock_guard<std::mutex> lock(mutex);
            threads.insert(std::this_thread::get_id());
          }
          left.DecrementCount();
        });
  }
  left.Wait();
  for (const auto& count : calls) EXPECT_EQ(count, 1);
  EXPECT_EQ(wrong, 0);
  // One for each channel, and not this one.
  EXPECT_EQ(threads.size(), 2U);
  EXPECT_EQ(threads.count(std::this_thread::get_id()), 0U);
}

TEST_F(AsyncLookupsTest, HandsOverTheErrorWithItsDetails) {
  const Client client = MakeClient();
  server_.failure = WithDetails(grpc::StatusCode::OUT_OF_RANGE, "ids[0] = 7");
  server_.failures_left = 1;
  const auto failed = Await(client);
  EXPECT_THAT(failed, StatusIs(StatusCode::kOutOfRange, "ids[0] = 7"));
  EXPECT_TRUE(failed.status().GetPayload(kBadRequestType).has_value());
  EMB_ASSERT_OK_AND_ASSIGN(const LookupResult result, Await(client));
  EXPECT_THAT(result.feature(0).values(), ElementsAre(7));
}

TEST_F(AsyncLookupsTest, HasADeadline) {
  server_.silent = true;
  CallOptions call;
  call.timeout = absl::Milliseconds(50);
  EXPECT_THAT(Await(MakeClient(), call),
              StatusIs(StatusCode::kDeadlineExceeded,
                       HasSubstr("no answer from " + server_.address())));
}

TEST_F(AsyncLookupsTest, ItsFunctionMayAskAgain) {
  const Client client = MakeClient();
  absl::Notification over;
  int answers = 0;
  LookupDone again = [&](const absl::StatusOr<LookupResult>& result) {
    EMB_EXPECT_OK(result);
    if (++answers == 100) return over.Notify();
    client.LookupAsync(Ask("item", {1}), again);
  };
  client.LookupAsync(Ask("item", {1}), again);
  over.WaitForNotification();
  EXPECT_EQ(answers, 100);
}

TEST_F(AsyncLookupsTest, TheLastCopyCancelsWhatIsInFlight) {
  server_.silent = true;
  std::optional<Client> client = MakeClient(2);
  std::vector<absl::Status> statuses;
  std::mutex mutex;
  for (int i = 0; i < 10; ++i) {
    client->LookupAsync(Ask("item", {1}),
                        [&](const absl::StatusOr<LookupResult>& result) {
                          const std::lock_guard<std::mutex> lock(mutex);
                          statuses.push_back(result.status());
                        });
  }
  server_.WaitForCalls("Lookup", 10);
  client.reset();
  // All of them, before the destructor has returned.
  EXPECT_EQ(statuses.size(), 10U);
  EXPECT_THAT(statuses, testing::Each(StatusIs(StatusCode::kCancelled,
                                               HasSubstr("destroyed"))));
}

// Whether its answer is there already or not.
TEST_F(AsyncLookupsTest, TheLastCopyMayGoAtAnyMoment) {
  for (int i = 0; i < 200; ++i) {
    int calls = 0;
    std::optional<Client> client = MakeClient();
    for (int j = 0; j < i % 5; ++j) {
      client->LookupAsync(
          Ask("item", {1}),
          [&](const absl::StatusOr<LookupResult>&) { ++calls; });
    }
    client.reset();
    EXPECT_EQ(calls, i % 5);
  }
}

TEST_F(AsyncLookupsTest, AFunctionMayDestroyTheLastCopy) {
  auto client = std::make_shared<std::optional<Client>>(MakeClient());
  absl::Notification destroyed;
  absl::BlockingCounter others(3);
  client->value().LookupAsync(
      Ask("item", {1}),
      [&, client](const absl::StatusOr<LookupResult>& result) {
        EMB_EXPECT_OK(result);
        // Lookups that the end of the client finds in flight.
        server_.silent = true;
        for (int i = 0; i < 3; ++i) {
          client->value().LookupAsync(
              Ask("item", {1}), [&](const absl::StatusOr<LookupResult>& other) {
                EXPECT_THAT(other, StatusIs(StatusCode::kCancelled));
                others.DecrementCount();
              });
        }
        client->reset();
        destroyed.Notify();
      });
  destroyed.WaitForNotification();
  others.Wait();
}

}  // namespace
}  // namespace emb
