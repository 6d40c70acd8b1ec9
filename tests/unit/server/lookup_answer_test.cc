#include "server/lookup_answer.h"

#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/status_macros.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/decoded_lookup.h"
#include "tests/testing/make_table.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/wire_lookup.h"

namespace emb {
namespace {

namespace pb = embedding::v1;
using absl::StatusCode;
using testing::ElementsAre;
using testing::HasSubstr;

std::shared_ptr<const ServedTable> Counting(const std::string& name,
                                            int64_t num_rows, int64_t dim) {
  auto table = std::make_shared<ServedTable>();
  table->record.spec.name = name;
  table->record.spec.num_rows = num_rows;
  table->record.spec.dim = dim;
  table->record.version = 7;
  table->record.revision = 2;
  table->rows = MakeCountingTable(num_rows, dim);
  return table;
}

std::vector<float> ValuesOf(const pb::FeatureResult& result) {
  std::vector<float> values(result.values().size() / sizeof(float));
  std::memcpy(values.data(), result.values().data(), result.values().size());
  return values;
}

class LookupAnswerTest : public testing::Test {
 protected:
  LookupAnswerTest() {
    registry_.Apply(5, {{"item", Counting("item", 4, 2)},
                        {"user", Counting("user", 3, 1)}});
    registry_.set_phase(Phase::kServing);
  }

  static void AddFeature(const std::string& table,
                         const std::vector<int64_t>& ids,
                         pb::LookupRequest& request) {
    pb::Feature& feature = *request.add_features();
    feature.set_table(table);
    feature.mutable_ids()->Add(ids.begin(), ids.end());
  }

  static absl::StatusOr<std::unique_ptr<LookupAnswer>> Make(
      const Registry& registry, const pb::LookupRequest& request) {
    const Limits limits;
    EMB_ASSIGN_OR_RETURN(auto decoded,
                         DecodedLookup::Decode(ToWire(request), limits));
    return LookupAnswer::Make(registry, limits, std::move(decoded));
  }

  absl::Status Answer(const pb::LookupRequest& request,
                      pb::LookupResponse& response) const {
    EMB_ASSIGN_OR_RETURN(const auto answer, Make(registry_, request));
    response = ResponseOf(answer->Whole());
    return absl::OkStatus();
  }

  TableCounters& Counters(const std::string& table) const {
    return registry_.snapshot()->CountersOf(table);
  }

  Registry registry_;
};

TEST_F(LookupAnswerTest, AnswersEveryFeatureInOrder) {
  pb::LookupRequest request;
  AddFeature("user", {2}, request);
  AddFeature("item", {3, 0, 3}, request);
  request.set_request_id(99);
  pb::LookupResponse response;
  EMB_ASSERT_OK(Answer(request, response));
  EXPECT_EQ(response.epoch(), 5U);
  EXPECT_EQ(response.request_id(), 99U);
  ASSERT_EQ(response.results_size(), 2);
  EXPECT_THAT(ValuesOf(response.results(0)), ElementsAre(2));
  EXPECT_THAT(ValuesOf(response.results(1)), ElementsAre(6, 7, 0, 1, 6, 7));
  EXPECT_THAT(response.results(1).shape(), ElementsAre(3, 2));
  EXPECT_EQ(response.results(1).dtype(), pb::DTYPE_FLOAT32);
  EXPECT_EQ(response.results(1).version(), 7U);
  EXPECT_EQ(response.results(1).revision(), 2U);
}

TEST_F(LookupAnswerTest, ARequestsOwnPaddingIdAnswersZeros) {
  pb::LookupRequest request;
  AddFeature("item", {-1, 3}, request);
  request.mutable_features(0)->set_padding_id(-1);
  pb::LookupResponse response;
  EMB_ASSERT_OK(Answer(request, response));
  EXPECT_THAT(ValuesOf(response.results(0)), ElementsAre(0, 0, 6, 7));
}

TEST_F(LookupAnswerTest, PadsAndGivesTheLengthsBack) {
  pb::LookupRequest request;
  AddFeature("item", {1, 2, 3, 3}, request);
  pb::Feature& feature = *request.mutable_features(0);
  for (const int64_t length : {1, 0, 3}) {
    feature.mutable_ragged()->add_lengths(length);
  }
  feature.mutable_pad()->set_length(2);
  feature.mutable_pad()->set_side(pb::Pad::SIDE_LEFT);
  feature.mutable_pad()->set_keep(pb::Pad::KEEP_LAST);
  pb::LookupResponse response;
  EMB_ASSERT_OK(Answer(request, response));
  const pb::FeatureResult& result = response.results(0);
  EXPECT_THAT(result.shape(), ElementsAre(3, 2, 2));
  EXPECT_THAT(result.lengths(), ElementsAre(1, 0, 2));
  EXPECT_THAT(ValuesOf(result),
              ElementsAre(0, 0, 2, 3, 0, 0, 0, 0, 6, 7, 6, 7));
}

TEST_F(LookupAnswerTest, PoolsWithoutPaddingAndMissingIds) {
  pb::LookupRequest request;
  AddFeature("item", {3, -1, 1, 9, 2}, request);
  pb::Feature& feature = *request.mutable_features(0);
  feature.set_padding_id(-1);
  feature.set_missing_ids(pb::MISSING_IDS_ZEROS);
  for (const int64_t length : {3, 0, 1, 1}) {
    feature.mutable_ragged()->add_lengths(length);
  }
  feature.mutable_pool()->set_mode(pb::Pool::MODE_MEAN);
  pb::LookupResponse response;
  EMB_ASSERT_OK(Answer(request, response));
  const pb::FeatureResult& result = response.results(0);
  EXPECT_THAT(result.shape(), ElementsAre(4, 2));
  EXPECT_THAT(ValuesOf(result), ElementsAre(4, 5, 0, 0, 0, 0, 4, 5));
  // The fourth id, not the padding id.
  EXPECT_EQ(result.missing(), std::string("\x08"));
  EXPECT_TRUE(result.lengths().empty());
}

TEST_F(LookupAnswerTest, MissingIdsAreZerosInASequence) {
  pb::LookupRequest request;
  AddFeature("item", {4, 1}, request);
  request.mutable_features(0)->set_missing_ids(pb::MISSING_IDS_ZEROS);
  AddFeature("item", {1, 0}, request);
  request.mutable_features(1)->set_missing_ids(pb::MISSING_IDS_ZEROS);
  pb::LookupResponse response;
  EMB_ASSERT_OK(Answer(request, response));
  EXPECT_THAT(ValuesOf(response.results(0)), ElementsAre(0, 0, 2, 3));
  EXPECT_EQ(response.results(0).missing(), std::string("\x01"));
  EXPECT_EQ(response.results(1).missing(), "");  // None is.
}

// The table's padding row is left out of bags even where it was kept, and
// answered as stored where rows are kept apart.
TEST_F(LookupAnswerTest, AKeptPaddingRowCountsAsPaddingInBagsOnly) {
  auto kept = std::make_shared<ServedTable>(*Counting("kept", 4, 2));
  kept->record.spec.padding_idx = 3;
  kept->record.spec.keep_padding_row = true;
  registry_.Apply(6, {{"kept", kept}});
  pb::LookupRequest request;
  AddFeature("kept", {3, 1}, request);
  AddFeature("kept", {3, 1}, request);
  request.mutable_features(1)->mutable_pool()->set_mode(pb::Pool::MODE_SUM);
  AddFeature("kept", {3, 1}, request);
  request.mutable_features(2)->mutable_ragged()->add_lengths(2);
  request.mutable_features(2)->mutable_pad()->set_length(3);
  pb::LookupResponse response;
  EMB_ASSERT_OK(Answer(request, response));
  EXPECT_THAT(ValuesOf(response.results(0)), ElementsAre(6, 7, 2, 3));
  EXPECT_THAT(ValuesOf(response.results(1)), ElementsAre(2, 3));
  EXPECT_THAT(ValuesOf(response.results(2)), ElementsAre(6, 7, 2, 3, 0, 0));
}

// Whatever becomes of the rows, it is done in float32 and rounded once.
TEST_F(LookupAnswerTest, AnswersInTheTypeThatIsAskedFor) {
  pb::LookupRequest request;
  AddFeature("item", {3, 1, 2}, request);
  request.mutable_features(0)->set_dtype(pb::DTYPE_FLOAT16);
  AddFeature("item", {3, 1, 2}, request);
  request.mutable_features(1)->set_dtype(pb::DTYPE_BFLOAT16);
  request.mutable_features(1)->mutable_pool()->set_mode(pb::Pool::MODE_MEAN);
  pb::LookupResponse response;
  EMB_ASSERT_OK(Answer(request, response));
  EXPECT_EQ(response.results(0).dtype(), pb::DTYPE_FLOAT16);
  EXPECT_THAT(response.results(0).shape(), ElementsAre(3, 2));
  // 6, 7, 2, 3, 4, 5 in binary16.
  EXPECT_EQ(
      response.results(0).values(),
      std::string("\x00\x46\x00\x47\x00\x40\x00\x42\x00\x44\x00\x45", 12));
  EXPECT_EQ(response.results(1).dtype(), pb::DTYPE_BFLOAT16);
  // 4 and 5.
  EXPECT_EQ(response.results(1).values(), std::string("\x80\x40\xa0\x40", 4));
}

TEST_F(LookupAnswerTest, APartialAnswerCarriesTheErrorOfAFeature) {
  pb::LookupRequest request;
  AddFeature("item", {4}, request);
  AddFeature("item", {1}, request);
  request.set_partial(true);
  pb::LookupResponse response;
  EMB_ASSERT_OK(Answer(request, response));
  ASSERT_EQ(response.results_size(), 2);
  EXPECT_EQ(response.results(0).status().code(),
            static_cast<int>(StatusCode::kOutOfRange));
  EXPECT_THAT(response.results(0).status().message(),
              HasSubstr("features[0].ids[0] = 4"));
  EXPECT_EQ(response.results(0).values(), "");
  EXPECT_FALSE(response.results(1).has_status());
  EXPECT_THAT(ValuesOf(response.results(1)), ElementsAre(2, 3));
}

TEST_F(LookupAnswerTest, RefusesWhileLoading) {
  const Registry loading;
  pb::LookupRequest request;
  AddFeature("item", {0}, request);
  EXPECT_THAT(Make(loading, request),
              StatusIs(StatusCode::kUnavailable, HasSubstr("loading")));
}

TEST_F(LookupAnswerTest, CountsWhatWasAskedOfEachTable) {
  pb::LookupRequest request;
  AddFeature("item", {3, -1, 1, 9, 2, -1}, request);
  request.mutable_features(0)->set_padding_id(-1);
  request.mutable_features(0)->set_missing_ids(pb::MISSING_IDS_ZEROS);
  AddFeature("user", {2}, request);
  pb::LookupResponse response;
  EMB_ASSERT_OK(Answer(request, response));
  EXPECT_EQ(Counters("item").lookups(), 1);
  EXPECT_EQ(Counters("item").ids().all, 6);
  EXPECT_EQ(Counters("item").ids().padding, 2);
  EXPECT_EQ(Counters("item").ids().missing, 1);
  EXPECT_EQ(Counters("user").ids().all, 1);
  EXPECT_EQ(Counters("user").ids().padding, 0);
}

TEST_F(LookupAnswerTest, CountsErrorsOfTheTableThatHasThem) {
  pb::LookupRequest request;
  AddFeature("item", {4}, request);
  AddFeature("no such table", {4}, request);
  AddFeature("user", {1}, request);
  request.set_partial(true);
  pb::LookupResponse response;
  EMB_ASSERT_OK(Answer(request, response));
  EXPECT_EQ(Counters("item").errors(StatusCode::kOutOfRange), 1);
  EXPECT_EQ(Counters("item").lookups(), 0);
  EXPECT_EQ(Counters("anything").errors(StatusCode::kNotFound), 1);
  EXPECT_EQ(Counters("user").lookups(), 1);
}

// They are the name's, not the version's.
TEST_F(LookupAnswerTest, CountersGoOnWithTheNextVersion) {
  pb::LookupRequest request;
  AddFeature("item", {1}, request);
  pb::LookupResponse response;
  EMB_ASSERT_OK(Answer(request, response));
  registry_.Apply(6, {{"item", Counting("item", 9, 2)}});
  EMB_ASSERT_OK(Answer(request, response));
  EXPECT_EQ(Counters("item").lookups(), 2);
  registry_.Apply(7, {{"item", nullptr}});
  registry_.Apply(8, {{"item", Counting("item", 9, 2)}});
  EXPECT_EQ(Counters("item").lookups(), 0);  // Another table of that name.
}

}  // namespace
}  // namespace emb
