#include "server/registry.h"

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/make_table.h"
#include "tests/testing/status_matchers.h"

namespace emb {
namespace {

using absl::StatusCode;
using testing::HasSubstr;

std::shared_ptr<const ServedTable> Served(const std::string& name,
                                          int64_t version) {
  auto table = std::make_shared<ServedTable>();
  table->record.spec.name = name;
  table->record.version = version;
  table->rows = MakeCountingTable(2, 2);
  return table;
}

TEST(Snapshot, FindNamesWhatIsNotThere) {
  Registry registry;
  registry.Apply(1, {{"item", Served("item", 3)}});
  const auto snapshot = registry.snapshot();
  EMB_EXPECT_OK(snapshot->Find("item", 0));
  EMB_EXPECT_OK(snapshot->Find("item", 3));
  EXPECT_THAT(snapshot->Find("user", 0),
              StatusIs(StatusCode::kNotFound, HasSubstr("\"user\"")));
  EXPECT_THAT(snapshot->Find("", 0), StatusIs(StatusCode::kNotFound));
  EXPECT_THAT(snapshot->Find("item", 2),
              StatusIs(StatusCode::kNotFound,
                       HasSubstr("version 2 is not served, 3 is")));
}

TEST(Snapshot, ADamagedTableIsFoundAsDataLoss) {
  auto damaged = std::make_shared<ServedTable>();
  damaged->state = absl::DataLossError("table \"item\" v1: chunk 4");
  Registry registry;
  registry.Apply(1, {{"item", damaged}});
  EXPECT_THAT(registry.snapshot()->Find("item", 0),
              StatusIs(StatusCode::kDataLoss, HasSubstr("chunk 4")));
}

TEST(Registry, AReaderKeepsTheSnapshotItTook) {
  Registry registry;
  registry.Apply(1, {{"item", Served("item", 1)}});
  const auto before = registry.snapshot();
  registry.Apply(2, {{"item", nullptr}, {"user", Served("user", 1)}});
  EXPECT_EQ(before->epoch, 1U);
  EMB_EXPECT_OK(before->Find("item", 1));
  const auto after = registry.snapshot();
  EXPECT_EQ(after->epoch, 2U);
  EXPECT_THAT(after->Find("item", 0), StatusIs(StatusCode::kNotFound));
  EMB_EXPECT_OK(after->Find("user", 0));
}

// Two tables are always published together, so one reader must never see
// different versions of them.
TEST(Registry, ReadersSeeOneEpochWhileAWriterPublishes) {
  constexpr int64_t kPublishes = 2'000;
  Registry registry;
  registry.Apply(0, {{"a", Served("a", 0)}, {"b", Served("b", 0)}});
  std::atomic<bool> done{false};
  std::atomic<int64_t> mixed{0};
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      uint64_t last_epoch = 0;
      while (!done) {
        const auto snapshot = registry.snapshot();
        const auto a = snapshot->Find("a", snapshot->epoch);
        const auto b = snapshot->Find("b", snapshot->epoch);
        if (!a.ok() || !b.ok() || snapshot->epoch < last_epoch) ++mixed;
        last_epoch = snapshot->epoch;
      }
    });
  }
  for (int64_t epoch = 1; epoch <= kPublishes; ++epoch) {
    registry.Apply(static_cast<uint64_t>(epoch),
                   {{"a", Served("a", epoch)}, {"b", Served("b", epoch)}});
  }
  done = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(mixed, 0);
}

}  // namespace
}  // namespace emb
