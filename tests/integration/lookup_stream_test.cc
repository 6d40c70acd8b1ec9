// LookupStream through client and server.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "emb/client.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/ask.h"
#include "tests/testing/in_process_server.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace emb {
namespace {

using absl::StatusCode;
using testing::HasSubstr;

constexpr int64_t kRows = 20'000;
constexpr int64_t kDim = 64;

class LookupStreamTest : public testing::Test {
 protected:
  void SetUp() override {
    ServerOptions options;
    options.listen = "unix:" + (dir_ / "lookups");
    // Long enough to be noticed if a stream held the server up.
    options.drain_timeout = absl::Minutes(2);
    EMB_ASSERT_OK_AND_ASSIGN(server_, InProcessServer::Start(options));
    TableOptions table;
    table.name = "item";
    table.num_rows = kRows;
    table.dim = kDim;
    EMB_ASSERT_OK(server_->client().CreateTable(table));
    stream_ = server_->client().OpenLookupStream();
  }

  LookupRequest Random(size_t num_ids) {
    std::vector<int64_t> ids(num_ids);
    for (int64_t& id : ids) id = static_cast<int64_t>(random_() % kRows);
    return Ask("item", ids);
  }

  void ExpectSameAsUnary(const LookupRequest& request,
                         const LookupResult& got) {
    EMB_ASSERT_OK_AND_ASSIGN(const LookupResult want,
                             server_->client().Lookup(request));
    ASSERT_EQ(got.features().size(), want.features().size());
    for (size_t i = 0; i < want.features().size(); ++i) {
      EXPECT_EQ(got.feature(i).shape, want.feature(i).shape);
      EXPECT_EQ(got.feature(i).lengths, want.feature(i).lengths);
      EXPECT_EQ(got.feature(i).missing, want.feature(i).missing);
      EXPECT_TRUE(got.feature(i).bytes == want.feature(i).bytes);
    }
  }

  const TempDir dir_;
  std::mt19937_64 random_{7};
  std::unique_ptr<InProcessServer> server_;
  std::unique_ptr<LookupStream> stream_;
};

TEST_F(LookupStreamTest, AnswersInTheOrderOfTheRequests) {
  for (const size_t depth : {1U, 2U, 7U}) {
    SCOPED_TRACE(depth);
    std::vector<LookupRequest> requests;
    for (int i = 0; i < 60; ++i)
      requests.push_back(Random(random_() % 500 + 1));
    size_t sent = 0;
    for (const LookupRequest& request : requests) {
      while (sent < requests.size() && stream_->in_flight() < depth) {
        EMB_ASSERT_OK(stream_->Send(requests[sent++]));
      }
      EMB_ASSERT_OK_AND_ASSIGN(const LookupResult result, stream_->Receive());
      ExpectSameAsUnary(request, result);
    }
    EXPECT_EQ(stream_->in_flight(), 0U);
  }
}

// 8,192 rows are 2 MiB, eight parts; beside them a bag, a pad and a flat list
// that parts cut anywhere.
TEST_F(LookupStreamTest, LargeAnswersComeInPartsAndAreWhole) {
  LookupRequest request = Random(8'192);
  Feature bags = Random(1'001).features[0];
  bags.shape = RaggedShape{std::vector<int64_t>(143, 7)};
  bags.combine = Pool{Pool::Mode::kMean, {}};
  request.features.push_back(bags);
  Feature padded = bags;
  padded.combine = Pad{9, Pad::Side::kLeft, Pad::Keep::kFirst};
  padded.ids[5] = kRows;
  padded.zeros_for_missing = true;
  request.features.push_back(padded);
  request.features.push_back(Random(3'000).features[0]);
  for (int i = 0; i < 3; ++i) EMB_ASSERT_OK(stream_->Send(request));
  for (int i = 0; i < 3; ++i) {
    EMB_ASSERT_OK_AND_ASSIGN(const LookupResult result, stream_->Receive());
    ExpectSameAsUnary(request, result);
  }
}

TEST_F(LookupStreamTest, AFailedRequestDoesNotEndTheStream) {
  const LookupRequest right = Random(3);
  EMB_ASSERT_OK(stream_->Send(Ask("item", {0, kRows})));
  EMB_ASSERT_OK(stream_->Send(right));
  EMB_ASSERT_OK(stream_->Send(Ask("nobody", {0})));
  EXPECT_THAT(stream_->Receive(),
              StatusIs(StatusCode::kOutOfRange,
                       HasSubstr("features[0].ids[1] = 20000")));
  EMB_ASSERT_OK_AND_ASSIGN(const LookupResult result, stream_->Receive());
  ExpectSameAsUnary(right, result);
  EXPECT_THAT(stream_->Receive(),
              StatusIs(StatusCode::kNotFound, HasSubstr("\"nobody\"")));
  EXPECT_THAT(stream_->Receive(), StatusIs(StatusCode::kFailedPrecondition));
}

// Neither end may wait for the other to read: a caller that sends a hundred
// requests before it receives has its answers kept.
TEST_F(LookupStreamTest, ManyRequestsBeforeTheFirstAnswerDoNotBlock) {
  std::vector<LookupRequest> requests;
  for (int i = 0; i < 100; ++i) requests.push_back(Random(4'096));
  for (const LookupRequest& request : requests) {
    EMB_ASSERT_OK(stream_->Send(request));
  }
  for (const LookupRequest& request : requests) {
    EMB_ASSERT_OK_AND_ASSIGN(const LookupResult result, stream_->Receive());
    ExpectSameAsUnary(request, result);
  }
}

// However often a caller looks, and whatever came of an answer meanwhile.
TEST_F(LookupStreamTest, AnAnswerMayBeAwaitedBesideOtherThings) {
  EXPECT_TRUE(stream_->AwaitAnswer(absl::InfiniteDuration()));
  EXPECT_THAT(stream_->Receive(), StatusIs(StatusCode::kFailedPrecondition));
  const LookupRequest large = Random(8'192);
  const LookupRequest wrong = Ask("item", {kRows});
  for (int i = 0; i < 10; ++i) {
    EMB_ASSERT_OK(stream_->Send(large));
    EMB_ASSERT_OK(stream_->Send(wrong));
    while (!stream_->AwaitAnswer(absl::ZeroDuration())) {
    }
    EXPECT_TRUE(stream_->AwaitAnswer(absl::ZeroDuration()));
    EMB_ASSERT_OK_AND_ASSIGN(const LookupResult result, stream_->Receive());
    ExpectSameAsUnary(large, result);
    EXPECT_TRUE(stream_->AwaitAnswer(absl::Seconds(60)));
    EXPECT_THAT(stream_->Receive(), StatusIs(StatusCode::kOutOfRange));
  }
}

// The end of the call is noticed by the wait, and mended by Receive.
TEST_F(LookupStreamTest, AwaitsOverARestart) {
  const LookupRequest request = Random(100);
  EMB_ASSERT_OK(stream_->Send(request));
  EXPECT_TRUE(stream_->AwaitAnswer(absl::Seconds(60)));
  EMB_ASSERT_OK(stream_->Send(request));
  EMB_ASSERT_OK(server_->Restart());
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(stream_->AwaitAnswer(absl::Seconds(60)));
    EMB_ASSERT_OK_AND_ASSIGN(const LookupResult result, stream_->Receive());
    ExpectSameAsUnary(request, result);
  }
}

TEST_F(LookupStreamTest, IsOpenedAgainAfterARestart) {
  const LookupRequest request = Random(100);
  EMB_ASSERT_OK(stream_->Send(request));
  EMB_ASSERT_OK(stream_->Receive());
  const absl::Time start = absl::Now();
  EMB_ASSERT_OK(server_->Restart());
  // An idle stream does not hold a draining server up: with --drain_timeout
  // it would be two minutes.
  EXPECT_LT(absl::Now() - start, absl::Minutes(1));
  EMB_ASSERT_OK(stream_->Send(request));
  EMB_ASSERT_OK_AND_ASSIGN(const LookupResult result, stream_->Receive());
  ExpectSameAsUnary(request, result);
}

TEST_F(LookupStreamTest, SaysThatNobodyIsThere) {
  ClientOptions options;
  options.server = "unix:" + (dir_ / "nobody");
  EMB_ASSERT_OK_AND_ASSIGN(const Client client, Client::Connect(options));
  const auto stream = client.OpenLookupStream();
  absl::Status status = stream->Send(Ask("item", {1}));
  EXPECT_THAT(status, testing::AnyOf(StatusIs(StatusCode::kUnavailable),
                                     StatusIs(StatusCode::kDeadlineExceeded)));
  // Lost for good, with all that was in flight.
  EXPECT_EQ(stream->in_flight(), 0U);
  EXPECT_EQ(stream->Send(Ask("item", {1})), status);
  EXPECT_EQ(stream->Receive().status(), status);
}

TEST_F(LookupStreamTest, MayBeAbandonedWithRequestsInFlight) {
  for (int i = 0; i < 20; ++i) {
    auto stream = server_->client().OpenLookupStream();
    for (int j = 0; j < 5; ++j) EMB_ASSERT_OK(stream->Send(Random(4'096)));
  }
  EMB_EXPECT_OK(server_->client().Lookup(Random(1)));
}

}  // namespace
}  // namespace emb
