// The ways to ask that the client offers beside Lookup: they answer the same.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <vector>

#include "absl/synchronization/blocking_counter.h"
#include "emb/client.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/ask.h"
#include "tests/testing/in_process_server.h"
#include "tests/testing/status_matchers.h"

namespace emb {
namespace {

using absl::StatusCode;
using testing::HasSubstr;

constexpr int64_t kRows = 5'000;
constexpr int64_t kDim = 33;

class ClientCallsTest : public testing::Test {
 protected:
  void SetUp() override {
    EMB_ASSERT_OK_AND_ASSIGN(server_, InProcessServer::Start());
    TableOptions table;
    table.name = "item";
    table.num_rows = kRows;
    table.dim = kDim;
    EMB_ASSERT_OK(server_->client().CreateTable(table));
  }

  LookupRequest Random(size_t num_ids) {
    std::vector<int64_t> ids(num_ids);
    for (int64_t& id : ids) id = static_cast<int64_t>(random_() % kRows);
    return Ask("item", ids);
  }

  // Rows, a bag and half floats.
  LookupRequest ThreeFeatures() {
    LookupRequest request = Random(1'001);
    Feature bags = Random(40).features[0];
    bags.shape = RaggedShape{{10, 30}};
    bags.combine = Pool{Pool::Mode::kMean, {}};
    Feature halves = Random(77).features[0];
    halves.dtype = ElementType::kFloat16;
    request.features.push_back(bags);
    request.features.push_back(halves);
    return request;
  }

  static void ExpectSame(const LookupResult& got, const LookupResult& want) {
    EXPECT_EQ(got.epoch(), want.epoch());
    ASSERT_EQ(got.features().size(), want.features().size());
    for (size_t i = 0; i < want.features().size(); ++i) {
      EXPECT_EQ(got.feature(i).shape, want.feature(i).shape);
      EXPECT_EQ(got.feature(i).dtype, want.feature(i).dtype);
      EXPECT_TRUE(got.feature(i).bytes == want.feature(i).bytes);
    }
  }

  std::mt19937_64 random_{11};
  std::unique_ptr<InProcessServer> server_;
};

TEST_F(ClientCallsTest, LookupIntoFillsTheCallersMemory) {
  const Client client = server_->client();
  const LookupRequest request = ThreeFeatures();
  EMB_ASSERT_OK_AND_ASSIGN(const LookupResult want, client.Lookup(request));
  alignas(64) static std::byte buffer[256 << 10];
  EMB_ASSERT_OK_AND_ASSIGN(const LookupResult got,
                           client.LookupInto(request, absl::MakeSpan(buffer)));
  ExpectSame(got, want);
  for (const FeatureResult& feature : got.features()) {
    EXPECT_GE(feature.bytes.begin(), std::begin(buffer));
    EXPECT_LE(feature.bytes.end(), std::end(buffer));
    EXPECT_EQ(reinterpret_cast<uintptr_t>(feature.bytes.data()) % 64, 0U);
  }
}

TEST_F(ClientCallsTest, LookupIntoATensorOfTheAnswersShape) {
  std::vector<float> tensor(100 * kDim);
  const absl::Span<std::byte> buffer(
      reinterpret_cast<std::byte*>(tensor.data()),
      tensor.size() * sizeof(float));
  const LookupRequest request = Random(100);
  EMB_ASSERT_OK_AND_ASSIGN(const LookupResult result,
                           server_->client().LookupInto(request, buffer));
  EXPECT_EQ(result.feature(0).values().data(), tensor.data());
  EMB_ASSERT_OK_AND_ASSIGN(const LookupResult want,
                           server_->client().Lookup(request));
  EXPECT_TRUE(want.feature(0).values() == absl::MakeConstSpan(tensor));
  EXPECT_THAT(
      server_->client().LookupInto(Random(101), buffer),
      StatusIs(StatusCode::kInvalidArgument,
               HasSubstr("buffer: 13200 bytes, want 13332 for the values")));
  EXPECT_TRUE(want.feature(0).values() == absl::MakeConstSpan(tensor));
}

TEST_F(ClientCallsTest, LookupAsyncAnswersAsLookupDoes) {
  ClientOptions options;
  options.server = server_->server().data_address();
  options.admin = server_->server().admin_address();
  options.lookup_timeout = absl::Seconds(30);
  options.channels = 3;
  EMB_ASSERT_OK_AND_ASSIGN(const Client client, Client::Connect(options));
  std::vector<LookupRequest> requests;
  for (int i = 0; i < 60; ++i) requests.push_back(ThreeFeatures());
  std::vector<absl::StatusOr<LookupResult>> results(requests.size());
  absl::BlockingCounter left(static_cast<int>(requests.size()));
  for (size_t i = 0; i < requests.size(); ++i) {
    client.LookupAsync(requests[i],
                       [&, i](absl::StatusOr<LookupResult> result) {
                         results[i] = std::move(result);
                         left.DecrementCount();
                       });
  }
  left.Wait();
  for (size_t i = 0; i < requests.size(); ++i) {
    EMB_ASSERT_OK(results[i]);
    EMB_ASSERT_OK_AND_ASSIGN(const LookupResult want,
                             client.Lookup(requests[i]));
    ExpectSame(*results[i], want);
  }
}

}  // namespace
}  // namespace emb
