// Several tables are published in one step: no lookup sees the old version of
// one beside the new one of another.
//
// EMB_PUBLISHES and EMB_LOOKUPS say how many there are, at least.
#include <atomic>
#include <cstdint>
#include <functional>
#include <iostream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "emb/client.h"
#include "gtest/gtest.h"
#include "tests/testing/ask.h"
#include "tests/testing/from_environment.h"
#include "tests/testing/in_process_server.h"
#include "tests/testing/row_sources.h"
#include "tests/testing/status_matchers.h"

namespace emb {
namespace {

constexpr int64_t kRows = 64;
constexpr int64_t kDim = 8;
constexpr int64_t kReaders = 2;

// An element tells its table, version and row.
float ElementOf(int64_t table, uint64_t version, int64_t row) {
  return static_cast<float>(table * 1'000'000 +
                            static_cast<int64_t>(version) * 1'000 + row);
}

class PublishTest : public testing::Test {
 protected:
  void SetUp() override {
    EMB_ASSERT_OK_AND_ASSIGN(server_, InProcessServer::Start());
    for (int64_t table = 0; table < 2; ++table) {
      for (uint64_t version = 1; version <= 2; ++version) {
        Import(table, version);
        const TableVersion made = {absl::StrCat("t", table), version};
        EMB_ASSERT_OK(server_->client().PinVersion(made, true));
      }
    }
  }

  void Import(int64_t table, uint64_t version) {
    std::vector<float> values;
    for (int64_t row = 0; row < kRows; ++row) {
      values.insert(values.end(), kDim, ElementOf(table, version, row));
    }
    TableOptions options;
    options.name = absl::StrCat("t", table);
    options.num_rows = kRows;
    options.dim = kDim;
    EMB_ASSERT_OK(server_->client().ImportTable(
        options, RowsFromValues(std::move(values))));
  }

  // Looks both tables up until `enough`; counts answers, and those that are of
  // two versions or hold a wrong row.
  void Read(const std::function<bool()>& enough) {
    const Client client = server_->client();
    const std::vector<int64_t> ids = {0, 7, 33, kRows - 1};
    LookupRequest request = Ask("t0", ids);
    request.features.push_back(Ask("t1", ids).features[0]);
    while (!enough()) {
      const auto result = client.Lookup(request);
      ASSERT_THAT(result, IsOk());
      const uint64_t version = result->feature(0).version;
      bool wrong = result->feature(1).version != version;
      for (size_t table = 0; table < 2; ++table) {
        const auto values = result->feature(table).values();
        for (size_t i = 0; i < values.size(); ++i) {
          wrong |= values[i] != ElementOf(static_cast<int64_t>(table), version,
                                          ids[i / kDim]);
        }
      }
      wrong_ += wrong ? 1 : 0;
      ++lookups_;
    }
  }

  // Publishes the two versions by turns while others read.
  void Run(const std::function<void(uint64_t version)>& publish,
           const std::function<bool()>& enough) {
    std::vector<std::thread> readers;
    for (int64_t i = 0; i < kReaders; ++i) {
      readers.emplace_back([&] { Read(enough); });
    }
    while (!enough()) publish(publishes_++ % 2 + 1);
    for (std::thread& reader : readers) reader.join();
  }

  std::unique_ptr<InProcessServer> server_;
  std::atomic<int64_t> publishes_ = 0;
  std::atomic<int64_t> lookups_ = 0;
  std::atomic<int64_t> wrong_ = 0;
};

TEST_F(PublishTest, NobodySeesTwoVersions) {
  const int64_t publishes = FromEnvironment("EMB_PUBLISHES", 30);
  const int64_t lookups = FromEnvironment("EMB_LOOKUPS", 10'000);
  const Client client = server_->client();
  Run(
      [&](uint64_t version) {
        EMB_EXPECT_OK(
            client.PublishVersions({{"t0", version}, {"t1", version}}));
      },
      [&] { return publishes_ >= publishes && lookups_ >= lookups; });
  EXPECT_EQ(wrong_, 0);
  std::cout << absl::StrCat(publishes_.load(), " publishes, ", lookups_.load(),
                            " lookups, ", wrong_.load(),
                            " of them wrong or of two versions\n");
}

// The control: in two steps they are seen.
TEST_F(PublishTest, ControlInTwoStepsIsSeen) {
  const Client client = server_->client();
  Run(
      [&](uint64_t version) {
        EMB_EXPECT_OK(client.PublishVersions({{"t0", version}}));
        EMB_EXPECT_OK(client.PublishVersions({{"t1", version}}));
      },
      [&] { return wrong_ > 0 || publishes_ > 100'000; });
  EXPECT_GT(wrong_, 0);
}

}  // namespace
}  // namespace emb
