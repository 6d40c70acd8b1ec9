// Row updates through the whole system.
#include <atomic>
#include <cstdint>
#include <memory>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

#include "emb/client.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/ask.h"
#include "tests/testing/in_process_server.h"
#include "tests/testing/status_matchers.h"

namespace emb {
namespace {

using absl::StatusCode;
using testing::Each;
using testing::HasSubstr;

constexpr int64_t kRows = 200;
constexpr int64_t kDim = 16;

class UpdatesTest : public testing::Test {
 protected:
  void SetUp() override {
    EMB_ASSERT_OK_AND_ASSIGN(server_, InProcessServer::Start());
    for (const std::string name : {"item", "user"}) {
      TableOptions table;
      table.name = name;
      table.num_rows = kRows;
      table.dim = kDim;
      table.initializer.scheme = "zeros";
      EMB_ASSERT_OK(server_->client().CreateTable(table));
    }
  }

  static std::vector<int64_t> AllIds() {
    std::vector<int64_t> ids(kRows);
    std::iota(ids.begin(), ids.end(), 0);
    return ids;
  }

  // Every row of a table, all of one value.
  static RowValues All(const std::string& table, float value) {
    RowValues rows;
    rows.table = table;
    rows.ids = AllIds();
    rows.values.assign(rows.ids.size() * kDim, value);
    return rows;
  }

  std::unique_ptr<InProcessServer> server_;
};

// Rows that were written together are read together, whatever the table.
TEST_F(UpdatesTest, NobodySeesHalfAnUpdate) {
  constexpr int kUpdates = 300;
  std::atomic<bool> writing = true;
  std::atomic<int64_t> lookups = 0;
  std::atomic<int64_t> mixed = 0;
  std::vector<std::thread> readers;
  for (int reader = 0; reader < 2; ++reader) {
    readers.emplace_back([&] {
      const Client client = server_->client();
      LookupRequest request = Ask("item", AllIds());
      request.features.push_back(Ask("user", AllIds()).features[0]);
      uint64_t epoch = 0;
      while (writing) {
        const auto result = client.Lookup(request);
        ASSERT_THAT(result, IsOk());
        const float value = result->feature(0).values()[0];
        for (const FeatureResult& feature : result->features()) {
          for (const float element : feature.values()) {
            mixed += element != value ? 1 : 0;
          }
          mixed += static_cast<float>(feature.revision) != value ? 1 : 0;
        }
        mixed += result->epoch() < epoch ? 1 : 0;
        epoch = result->epoch();
        ++lookups;
      }
    });
  }
  const Client client = server_->client();
  for (int i = 1; i <= kUpdates; ++i) {
    const auto value = static_cast<float>(i);
    EMB_EXPECT_OK(client.UpsertRows({All("item", value), All("user", value)}));
  }
  writing = false;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(mixed, 0);
  EXPECT_GT(lookups, 10);
}

TEST_F(UpdatesTest, SurviveARestartAndAreDoneOnce) {
  EMB_ASSERT_OK_AND_ASSIGN(
      const UpsertOutcome first,
      server_->client().UpsertRows({All("item", 1)}, "the-first"));
  EMB_ASSERT_OK(server_->client().UpsertRows({All("item", 2)}));
  EMB_ASSERT_OK_AND_ASSIGN(const TableInfo before,
                           server_->client().GetTable("item"));
  EXPECT_EQ(before.revision, 2U);
  EMB_ASSERT_OK(server_->Restart());
  const Client client = server_->client();
  EMB_ASSERT_OK_AND_ASSIGN(const TableInfo after, client.GetTable("item"));
  EXPECT_EQ(after.revision, 2U);
  EXPECT_EQ(after.digest, before.digest);
  EMB_ASSERT_OK_AND_ASSIGN(const UpsertOutcome again,
                           client.UpsertRows({All("item", 1)}, "the-first"));
  EXPECT_TRUE(again.repeated_request);
  EXPECT_EQ(again.epoch, first.epoch);
  EMB_ASSERT_OK_AND_ASSIGN(const LookupResult rows,
                           client.Lookup(Ask("item", AllIds())));
  EXPECT_THAT(rows.feature(0).values(), Each(2.0F));
  EXPECT_EQ(rows.feature(0).revision, 2U);
}

TEST_F(UpdatesTest, WhatIsWrongIsNamed) {
  const Client client = server_->client();
  RowValues rows = All("item", 1);
  rows.expected_revision = 4;
  EXPECT_THAT(client.UpsertRows({rows}),
              StatusIs(StatusCode::kAborted, HasSubstr("at revision 0")));
  rows.expected_revision.reset();
  rows.ids[3] = kRows;
  EXPECT_THAT(
      client.UpsertRows({rows}),
      StatusIs(StatusCode::kOutOfRange, HasSubstr("updates[0].ids[3] = 200")));
  EXPECT_THAT(client.UpsertRows({}), StatusIs(StatusCode::kInvalidArgument));
  EMB_ASSERT_OK_AND_ASSIGN(const TableInfo table, client.GetTable("item"));
  EXPECT_EQ(table.revision, 0U);
}

// More than other requests may have, less than the limit.
TEST_F(UpdatesTest, TakesManyRowsAtOnce) {
  const Client client = server_->client();
  TableOptions table;
  table.name = "wide";
  table.num_rows = 100;
  table.dim = 65'536;
  EMB_ASSERT_OK(client.CreateTable(table));
  RowValues rows;
  rows.table = "wide";
  rows.ids.resize(100);
  std::iota(rows.ids.begin(), rows.ids.end(), 0);
  rows.values.assign(100 * 65'536, 1);
  EMB_EXPECT_OK(client.UpsertRows({rows}));
}

}  // namespace
}  // namespace emb
