#include "server/lookup_reply.h"

#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/lookup_answer.h"
#include "tests/testing/make_table.h"
#include "tests/testing/random_lookup.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/twin_tables.h"
#include "tests/testing/wire_lookup.h"

namespace emb {
namespace {

namespace pb = embedding::v1;
using testing::SizeIs;

// A table `item` of counting values.
class LookupReplyTest : public testing::Test {
 protected:
  void Serve(int64_t num_rows, int64_t dim) {
    Serve(MakeCountingTable(num_rows, dim));
  }

  void Serve(std::shared_ptr<const Table> rows) {
    auto table = std::make_shared<ServedTable>();
    table->record.spec.name = "item";
    table->record.spec.num_rows = rows->num_rows();
    table->record.spec.dim = rows->format().dim;
    table->record.spec.dtype = rows->format().dtype;
    table->record.version = 1;
    table->record.revision = 300;
    table->rows = std::move(rows);
    registry_.Apply(1 << 20, {{"item", table}});
    registry_.set_phase(Phase::kServing);
  }

  std::unique_ptr<LookupAnswer> Answer(const pb::LookupRequest& request) {
    auto decoded = DecodedLookup::Decode(ToWire(request), limits_);
    EMB_EXPECT_OK(decoded);
    auto answer = LookupAnswer::Make(registry_, limits_, *std::move(decoded));
    EMB_EXPECT_OK(answer);
    return *std::move(answer);
  }

  std::vector<pb::LookupResponse> Parts(const pb::LookupRequest& request) {
    std::vector<pb::LookupResponse> parts;
    const auto answer = Answer(request);
    while (auto part = answer->NextPart()) parts.push_back(ResponseOf(*part));
    return parts;
  }

  Registry registry_;
  Limits limits_;
};

// Bytes that the class reads and writes again unchanged are those that it
// would have written.
TEST_F(LookupReplyTest, IsWhatTheGeneratedClassWouldWrite) {
  Serve(1'000, 3);
  RandomLookup random(5, 1'000);
  for (int i = 0; i < 2'000; ++i) {
    const pb::LookupRequest request = random.Request();
    const std::string bytes = BytesOf(Answer(request)->Whole());
    pb::LookupResponse response;
    ASSERT_TRUE(response.ParseFromString(bytes));
    ASSERT_EQ(response.SerializeAsString(), bytes);
    ASSERT_EQ(response.results_size(), request.features_size());
    ASSERT_EQ(response.request_id(), request.request_id());
    for (const pb::FeatureResult& result : response.results()) {
      int64_t elements = 1;
      for (const int64_t extent : result.shape()) elements *= extent;
      const int64_t size = result.dtype() == pb::DTYPE_FLOAT32 ? 4 : 2;
      ASSERT_EQ(result.values().size(), static_cast<size_t>(elements * size));
    }
  }
}

// Whatever is asked for: nobody sees how rows are stored.
TEST_F(LookupReplyTest, IsTheSameFromANarrowTableAsFromItsDecodedRows) {
  std::mt19937 random(2);
  for (const DType dtype : {DType::kFloat16, DType::kBFloat16,
                            DType::kInt8Rowwise, DType::kInt4Rowwise}) {
    SCOPED_TRACE(DTypeName(dtype));
    TwinTables twins = MakeTwinTables(200, {dtype, 6}, random);
    const std::shared_ptr<const Table> tables[] = {std::move(twins.stored),
                                                   std::move(twins.decoded)};
    RandomLookup lookups(7, 200);
    for (int i = 0; i < 300; ++i) {
      const pb::LookupRequest request = lookups.Request();
      std::string answers[2];
      for (int twin = 0; twin < 2; ++twin) {
        Serve(tables[twin]);
        answers[twin] = BytesOf(Answer(request)->Whole());
      }
      ASSERT_EQ(answers[0], answers[1]) << request.ShortDebugString();
    }
  }
}

TEST_F(LookupReplyTest, CarriesTheErrorOfAFeature) {
  Serve(4, 2);
  pb::LookupRequest request;
  request.set_partial(true);
  request.add_features()->set_table("nobody");
  request.mutable_features(0)->add_ids(1);
  *request.add_features() = request.features(0);
  request.mutable_features(1)->set_table("item");
  const std::string bytes = BytesOf(Answer(request)->Whole());
  pb::LookupResponse response;
  ASSERT_TRUE(response.ParseFromString(bytes));
  EXPECT_EQ(response.SerializeAsString(), bytes);
  EXPECT_EQ(response.results(0).status().code(), 5);
  EXPECT_EQ(response.results(1).values().size(), 8U);
}

// Puts parts together as a client does.
pb::LookupResponse Joined(const std::vector<pb::LookupResponse>& parts,
                          int num_features) {
  pb::LookupResponse whole;
  for (int i = 0; i < num_features; ++i) whole.add_results();
  for (size_t i = 0; i < parts.size(); ++i) {
    whole.set_epoch(parts[i].epoch());
    whole.set_request_id(parts[i].request_id());
    EXPECT_EQ(parts[i].more_parts(), i + 1 < parts.size());
    for (const pb::FeatureResult& piece : parts[i].results()) {
      pb::FeatureResult& result =
          *whole.mutable_results(static_cast<int>(piece.feature()));
      EXPECT_EQ(result.values().size(), piece.values_offset());
      const std::string values = result.values() + piece.values();
      if (piece.values_offset() == 0) result = piece;
      result.set_values(values);
      result.clear_feature();
      result.clear_values_offset();
    }
  }
  return whole;
}

TEST_F(LookupReplyTest, PartsMakeTheWhole) {
  Serve(1'000, 2'000);  // 8,000 bytes a row: 32 rows a part.
  RandomLookup random(6, 1'000);
  size_t most_parts = 0;
  for (int i = 0; i < 300; ++i) {
    const pb::LookupRequest request = random.Request();
    const auto parts = Parts(request);
    most_parts = std::max(most_parts, parts.size());
    if (parts.size() == 1) {
      ASSERT_EQ(parts[0].SerializeAsString(),
                BytesOf(Answer(request)->Whole()));
      continue;
    }
    for (const pb::LookupResponse& part : parts) {
      ASSERT_LE(part.ByteSizeLong(), LookupReply::kPartBytes + 70'000);
    }
    ASSERT_EQ(Joined(parts, request.features_size()).SerializeAsString(),
              BytesOf(Answer(request)->Whole()));
  }
  EXPECT_GE(most_parts, 3U);
}

TEST_F(LookupReplyTest, APartHasOneUnitAtLeast) {
  Serve(2, 65'536);  // A row is a part.
  pb::LookupRequest request;
  request.add_features()->set_table("item");
  for (const int64_t id : {0, 1, 0}) request.mutable_features(0)->add_ids(id);
  request.mutable_features(0)->mutable_ragged()->add_lengths(3);
  EXPECT_THAT(Parts(request), SizeIs(3));
  request.mutable_features(0)->mutable_pad()->set_length(5);
  EXPECT_THAT(Parts(request), SizeIs(1));  // One sequence, one unit.
}

TEST_F(LookupReplyTest, AFailedRequestIsAnsweredOnAStream) {
  const auto failed =
      LookupAnswer::Failed(77, absl::InvalidArgumentError("no ids"));
  const auto part = failed->NextPart();
  ASSERT_TRUE(part.has_value());
  const pb::LookupResponse response = ResponseOf(*part);
  EXPECT_EQ(response.request_id(), 77U);
  EXPECT_EQ(response.status().code(), 3);
  EXPECT_EQ(response.status().message(), "no ids");
  EXPECT_FALSE(failed->NextPart().has_value());
}

// Until then it counts as in flight.
TEST_F(LookupReplyTest, HoldsWhatItIsGivenUntilTheMessageIsGone) {
  Serve(8, 64);
  RandomLookup random(6, 8);
  auto held = std::make_shared<int>(1);
  const std::weak_ptr<int> watch = held;
  {
    grpc::ByteBuffer message = Answer(random.Request())->Whole(std::move(held));
    const grpc::ByteBuffer plain = Answer(random.Request())->Whole();
    EXPECT_FALSE(watch.expired());
    EXPECT_GT(message.Length(), 0U);
  }
  EXPECT_TRUE(watch.expired());
}

}  // namespace
}  // namespace emb
