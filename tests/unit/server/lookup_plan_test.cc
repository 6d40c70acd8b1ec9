#include "server/lookup_plan.h"

#include <functional>
#include <limits>
#include <memory>
#include <string>
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

// One table, `item`: 4 rows of 2, version 1.
class LookupPlanTest : public testing::Test {
 protected:
  LookupPlanTest() {
    auto table = std::make_shared<ServedTable>();
    table->record.spec.name = "item";
    table->record.spec.num_rows = 4;
    table->record.spec.dim = 2;
    table->record.version = 1;
    table->rows = MakeCountingTable(4, 2);
    snapshot_.tables["item"] = table;
  }

  static pb::LookupRequest Request(const std::vector<int64_t>& ids) {
    pb::LookupRequest request;
    pb::Feature& feature = *request.add_features();
    feature.set_table("item");
    feature.mutable_ids()->Add(ids.begin(), ids.end());
    return request;
  }

  absl::StatusOr<LookupPlan> Plan(const pb::LookupRequest& request) const {
    EMB_ASSIGN_OR_RETURN(auto decoded,
                         DecodedLookup::Decode(ToWire(request), limits_));
    decoded_.push_back(std::move(decoded));
    return PlanLookup(decoded_.back()->view(), snapshot_, limits_);
  }

  static std::function<void(pb::Feature&)> Ragged(
      const std::vector<int64_t>& lengths) {
    return [lengths](pb::Feature& f) {
      f.mutable_ragged()->mutable_lengths()->Add(lengths.begin(),
                                                 lengths.end());
    };
  }

  // The shape that ids arranged as `dims` are answered with.
  std::vector<int64_t> ShapeOf(const std::vector<int64_t>& ids,
                               const std::vector<int64_t>& dims) const {
    pb::LookupRequest request = Request(ids);
    request.mutable_features(0)->mutable_dense()->mutable_dims()->Add(
        dims.begin(), dims.end());
    const auto plan = Plan(request);
    EXPECT_THAT(plan, IsOk());
    return plan.ok() ? (*plan)[0]->shape : std::vector<int64_t>{};
  }

  // A feature that is wrong: ids for `item`, and what else is changed.
  struct WrongFeature {
    std::vector<int64_t> ids;
    std::function<void(pb::Feature&)> change;
    StatusCode code;
    std::string complaint;
  };

  // Each is refused as the second of two features; in a partial answer the
  // first is unharmed.
  void ExpectRefused(const std::vector<WrongFeature>& cases) const {
    for (const WrongFeature& c : cases) {
      SCOPED_TRACE(c.complaint);
      pb::LookupRequest request = Request({0});
      *request.add_features() = Request(c.ids).features(0);
      c.change(*request.mutable_features(1));
      EXPECT_THAT(Plan(request), StatusIs(c.code, HasSubstr(c.complaint)));
      request.set_partial(true);
      EMB_ASSERT_OK_AND_ASSIGN(const LookupPlan plan, Plan(request));
      ASSERT_EQ(plan.size(), 2U);
      EMB_EXPECT_OK(plan[0]);
      EXPECT_THAT(plan[1], StatusIs(c.code, HasSubstr(c.complaint)));
    }
  }

  Snapshot snapshot_;
  Limits limits_;
  // Plans refer to them.
  mutable std::vector<std::unique_ptr<const DecodedLookup>> decoded_;
};

constexpr int64_t kMax = std::numeric_limits<int64_t>::max();

TEST_F(LookupPlanTest, RefusesAWrongTableOrIdByName) {
  ExpectRefused({
      {{4},
       [](auto&) {},
       StatusCode::kOutOfRange,
       "features[1].ids[0] = 4, want [0, 4) of table \"item\""},
      {{0, -1},
       [](auto&) {},
       StatusCode::kOutOfRange,
       "features[1].ids[1] = -1, want [0, 4)"},
      {{kMax},
       [](auto&) {},
       StatusCode::kOutOfRange,
       "= 9223372036854775807, want"},
      {{3, 9, 8}, [](auto&) {}, StatusCode::kOutOfRange, "ids[1] = 9"},
      {{},
       [](auto&) {},
       StatusCode::kInvalidArgument,
       "features[1].ids: there are none"},
      {{0},
       [](auto& f) { f.set_table("user"); },
       StatusCode::kNotFound,
       "features[1]: table \"user\""},
      {{0},
       [](auto& f) { f.set_table(""); },
       StatusCode::kNotFound,
       "features[1]: table \"\""},
      {{0},
       [](auto& f) { f.set_version(2); },
       StatusCode::kNotFound,
       "version 2"},
      {{-2},
       [](auto& f) { f.set_padding_id(-1); },
       StatusCode::kOutOfRange,
       "ids[0] = -2"},
  });
}

TEST_F(LookupPlanTest, RefusesAShapeThatDoesNotFitTheIds) {
  const auto dims = [](const std::vector<int64_t>& extents) {
    return [extents](pb::Feature& f) {
      f.mutable_dense()->mutable_dims()->Add(extents.begin(), extents.end());
    };
  };
  ExpectRefused({
      {{0, 1, 2},
       dims({2, 2}),
       StatusCode::kInvalidArgument,
       "features[1].dense.dims: room for 4 ids, but there are 3"},
      {{0, 1}, dims({}), StatusCode::kInvalidArgument, "room for 1 ids"},
      {{0}, dims({0}), StatusCode::kInvalidArgument, "room for 0 ids"},
      {{0},
       dims({-1, -1}),
       StatusCode::kInvalidArgument,
       "features[1].dense.dims[0] = -1, want at least 0"},
      {{0}, dims({kMax, kMax}), StatusCode::kInvalidArgument, "beyond 2^63"},
      {{0},
       dims(std::vector<int64_t>(17, 1)),
       StatusCode::kInvalidArgument,
       "17 extents, want at most 16 (--shape_dims_max)"},
  });
}

TEST_F(LookupPlanTest, RefusesAnUnknownChoiceByName) {
  ExpectRefused({
      {{0},
       [](auto& f) { f.set_missing_ids(static_cast<pb::MissingIds>(9)); },
       StatusCode::kInvalidArgument,
       "features[1].missing_ids = 9"},
      {{0},
       [](auto& f) { f.set_dtype(pb::DTYPE_INT8_ROWWISE); },
       StatusCode::kInvalidArgument,
       "features[1].dtype = 4"},
      {{0},
       [](auto& f) { f.set_dtype(static_cast<pb::DType>(77)); },
       StatusCode::kInvalidArgument,
       "features[1].dtype = 77"},
  });
}

TEST_F(LookupPlanTest, RefusesLengthsThatDoNotFitTheIds) {
  ExpectRefused({
      {{0, 1},
       Ragged({1, 2}),
       StatusCode::kInvalidArgument,
       "features[1].ragged.lengths[1] = 2, want at most 1, as there are 2 ids"},
      {{0, 1},
       Ragged({1}),
       StatusCode::kInvalidArgument,
       "features[1].ragged.lengths: they add up to 1, but there are 2 ids"},
      {{0, 1}, Ragged({}), StatusCode::kInvalidArgument, "add up to 0"},
      {{0},
       Ragged({2, -1}),
       StatusCode::kInvalidArgument,
       "features[1].ragged.lengths[0] = 2"},
      {{0},
       Ragged({-1, 2}),
       StatusCode::kInvalidArgument,
       "features[1].ragged.lengths[0] = -1, want at least 0"},
      {{0, 4}, Ragged({1, 1}), StatusCode::kOutOfRange, "ids[1] = 4"},
  });
}

TEST_F(LookupPlanTest, RefusesPaddingThatMakesNoSense) {
  const auto pad = [](const std::function<void(pb::Pad&)>& change) {
    return [change](pb::Feature& f) {
      f.mutable_ragged()->add_lengths(1);
      change(*f.mutable_pad());
    };
  };
  ExpectRefused({
      {{0},
       [](auto& f) { f.mutable_pad(); },
       StatusCode::kInvalidArgument,
       "features[1].pad: want it with ragged ids"},
      {{0},
       pad([](auto& p) { p.set_length(0); }),
       StatusCode::kInvalidArgument,
       "features[1].pad.length = 0, want 1 to 262144 (--request_ids_max)"},
      {{0},
       pad([](auto& p) { p.set_length(-1); }),
       StatusCode::kInvalidArgument,
       "features[1].pad.length = -1"},
      {{0},
       pad([](auto& p) { p.set_length(kMax); }),
       StatusCode::kInvalidArgument,
       "features[1].pad.length = 9223372036854775807"},
      {{0},
       pad([](auto& p) { p.set_side(static_cast<pb::Pad::Side>(3)); }),
       StatusCode::kInvalidArgument,
       "features[1].pad.side = 3, which is no Side"},
      {{0},
       pad([](auto& p) { p.set_keep(static_cast<pb::Pad::Keep>(7)); }),
       StatusCode::kInvalidArgument,
       "features[1].pad.keep = 7, which is no Keep"},
  });
}

TEST_F(LookupPlanTest, RefusesPoolingThatMakesNoSense) {
  const auto pool = [](pb::Pool::Mode mode, const std::vector<float>& weights) {
    return [mode, weights](pb::Feature& f) {
      f.mutable_pool()->set_mode(mode);
      f.mutable_pool()->mutable_weights()->Add(weights.begin(), weights.end());
    };
  };
  ExpectRefused({
      {{0},
       [](auto& f) { f.mutable_pool(); },
       StatusCode::kInvalidArgument,
       "features[1].pool.mode = 0, want MODE_SUM, MODE_MEAN or MODE_MAX"},
      {{0},
       pool(static_cast<pb::Pool::Mode>(9), {}),
       StatusCode::kInvalidArgument,
       "features[1].pool.mode = 9"},
      {{0},
       pool(pb::Pool::MODE_MEAN, {1}),
       StatusCode::kInvalidArgument,
       "features[1].pool.weights: there are 1, want none, only a sum"},
      {{0},
       pool(pb::Pool::MODE_MAX, {1}),
       StatusCode::kInvalidArgument,
       "want none, only a sum"},
      {{0, 1},
       pool(pb::Pool::MODE_SUM, {1}),
       StatusCode::kInvalidArgument,
       "features[1].pool.weights: there are 1, want one per id: 2"},
      {{0},
       [](auto& f) {
         f.mutable_dense();
         f.mutable_pool()->set_mode(pb::Pool::MODE_SUM);
       },
       StatusCode::kInvalidArgument,
       "features[1].pool: want ids with an axis to pool over"},
  });
}

// A few ids could ask for any amount of memory.
TEST_F(LookupPlanTest, RefusesAnAnswerThatIsTooLargeBeforeMakingIt) {
  ExpectRefused({
      {std::vector<int64_t>(100),
       [](auto& f) {
         for (int i = 0; i < 100; ++i) f.mutable_ragged()->add_lengths(1);
         f.mutable_pad()->set_length(262'144);
       },
       StatusCode::kInvalidArgument,
       "the answer would be 200.0 MiB (209,715,200 bytes), want at most 64.0 "
       "MiB (67,108,864 bytes) (--answer_bytes_max)"},
      // As many bags as one likes, without an id.
      {{},
       [](auto& f) {
         f.mutable_dense()->add_dims(int64_t{1} << 40);
         f.mutable_dense()->add_dims(0);
         f.mutable_pool()->set_mode(pb::Pool::MODE_SUM);
       },
       StatusCode::kInvalidArgument,
       "features[1].pool: want a last axis of at least 1"},
  });
}

TEST_F(LookupPlanTest, ShapesOfRaggedIds) {
  const auto shape = [&](const std::vector<int64_t>& lengths,
                         const std::function<void(pb::Feature&)>& change) {
    pb::LookupRequest request = Request({0, 1, 2});
    Ragged(lengths)(*request.mutable_features(0));
    change(*request.mutable_features(0));
    const auto plan = Plan(request);
    EXPECT_THAT(plan, IsOk());
    return plan.ok() ? (*plan)[0]->shape : std::vector<int64_t>{};
  };
  EXPECT_THAT(shape({1, 0, 2}, [](auto&) {}), ElementsAre(3, 2));
  EXPECT_THAT(shape({1, 0, 2}, [](auto& f) { f.mutable_pad(); }),
              ElementsAre(3, 2, 2));
  EXPECT_THAT(shape({3}, [](auto& f) { f.mutable_pad()->set_length(7); }),
              ElementsAre(1, 7, 2));
  EXPECT_THAT(
      shape({1, 0, 2},
            [](auto& f) { f.mutable_pool()->set_mode(pb::Pool::MODE_MAX); }),
      ElementsAre(3, 2));
}

TEST_F(LookupPlanTest, DenseIdsArePooledOverTheirLastAxis) {
  const auto shape = [&](const std::vector<int64_t>& ids,
                         const std::vector<int64_t>& dims) {
    pb::LookupRequest request = Request(ids);
    pb::Feature& feature = *request.mutable_features(0);
    feature.mutable_pool()->set_mode(pb::Pool::MODE_SUM);
    if (!dims.empty()) {
      feature.mutable_dense()->mutable_dims()->Add(dims.begin(), dims.end());
    }
    const auto plan = Plan(request);
    EXPECT_THAT(plan, IsOk());
    return plan.ok() ? (*plan)[0]->shape : std::vector<int64_t>{};
  };
  EXPECT_THAT(shape({0, 1, 2}, {}), ElementsAre(2));
  EXPECT_THAT(shape({0, 1, 2, 3, 0, 1}, {2, 3}), ElementsAre(2, 2));
  EXPECT_THAT(shape({0, 1, 2, 3}, {2, 1, 2}), ElementsAre(2, 1, 2));
  EXPECT_THAT(shape({}, {0, 5}), ElementsAre(0, 2));
}

TEST_F(LookupPlanTest, ShapesAreThoseOfEmbedding) {
  EXPECT_THAT(ShapeOf({0, 1, 2, 3, 3, 0}, {2, 3}), ElementsAre(2, 3, 2));
  EXPECT_THAT(ShapeOf({0}, {}), ElementsAre(2));  // A scalar.
  EXPECT_THAT(ShapeOf({}, {0}), ElementsAre(0, 2));
  EXPECT_THAT(ShapeOf({}, {2, 0, 4}), ElementsAre(2, 0, 4, 2));
  // An extent of 0 makes the others harmless, in any order.
  EXPECT_THAT(ShapeOf({}, {kMax, kMax, 0}), ElementsAre(kMax, kMax, 0, 2));
  EXPECT_THAT(ShapeOf({1}, std::vector<int64_t>(16, 1)), testing::SizeIs(17));
  EMB_ASSERT_OK_AND_ASSIGN(const LookupPlan flat, Plan(Request({3, 1})));
  EXPECT_THAT(flat[0]->shape, ElementsAre(2, 2));
}

TEST_F(LookupPlanTest, ThePaddingTestComesBeforeTheRangeTest) {
  pb::LookupRequest request = Request({-1, 3, -1});
  request.mutable_features(0)->set_padding_id(-1);
  EMB_ASSERT_OK_AND_ASSIGN(const LookupPlan plan, Plan(request));
  EXPECT_TRUE(plan[0]->absent.Contains(-1));
  EXPECT_FALSE(plan[0]->absent.Contains(3));
}

TEST_F(LookupPlanTest, LimitsHoldOnBothSidesOfTheirEdge) {
  EXPECT_THAT(Plan({}), StatusIs(StatusCode::kInvalidArgument,
                                 HasSubstr("features: there are none")));
  limits_.request_features_max = 2;
  limits_.request_ids_max = 4;
  limits_.answer_bytes_max = 4 * 8;
  pb::LookupRequest request = Request({0, 1});
  *request.add_features() = request.features(0);
  EMB_EXPECT_OK(Plan(request));  // At every edge.
  limits_.answer_bytes_max = 4 * 8 - 1;
  EXPECT_THAT(Plan(request),
              StatusIs(StatusCode::kInvalidArgument,
                       HasSubstr("features: the answer would be over 31 bytes "
                                 "(--answer_bytes_max)")));
  limits_.request_ids_max = 3;
  EXPECT_THAT(
      Plan(request),
      StatusIs(StatusCode::kInvalidArgument,
               HasSubstr("4 ids in all, want at most 3 (--request_ids_max)")));
  limits_.request_features_max = 1;
  EXPECT_THAT(Plan(request),
              StatusIs(StatusCode::kInvalidArgument,
                       HasSubstr("there are 2, want at most 1")));
  // Limits hold for partial answers too.
  request.set_partial(true);
  EXPECT_THAT(Plan(request), StatusIs(StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace emb
