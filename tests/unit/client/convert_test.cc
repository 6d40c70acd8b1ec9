#include "client/src/convert.h"

#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "google/protobuf/util/message_differencer.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"

namespace emb {
namespace {

namespace pb = embedding::v1;

using absl::StatusCode;
using testing::HasSubstr;
using testing::IsEmpty;

template <typename Message>
Message Parse(const std::string& text) {
  Message message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &message));
  return message;
}

// The message that this text says, no field more or less.
MATCHER_P(IsProto, text, "") {
  const auto want = Parse<std::decay_t<arg_type>>(text);
  std::string difference;
  google::protobuf::util::MessageDifferencer differencer;
  differencer.ReportDifferencesToString(&difference);
  const bool equal = differencer.Compare(want, arg);
  *result_listener << difference;
  return equal;
}

LookupRequest RequestFor(const Feature& feature) {
  LookupRequest request;
  request.features = {feature};
  return request;
}

Feature Item() {
  Feature feature;
  feature.table = "item";
  feature.ids = {3, -1};
  return feature;
}

TEST(LookupRequestToProto, LeavesOutWhatIsNotGiven) {
  EXPECT_THAT(ToProto(LookupRequest()), IsProto(""));
  EXPECT_THAT(ToProto(RequestFor(Item())),
              IsProto("features { table: 'item' ids: [3, -1] }"));
}

TEST(LookupRequestToProto, CarriesEveryScalarField) {
  Feature feature = Item();
  feature.version = 7;
  feature.padding_id = 0;  // Given, though it is the zero value.
  feature.zeros_for_missing = true;
  feature.dtype = ElementType::kBFloat16;
  LookupRequest request = RequestFor(feature);
  request.features.push_back(Item());
  request.partial = true;
  EXPECT_THAT(ToProto(request), IsProto(R"(
    features {
      table: 'item' version: 7 ids: [3, -1] padding_id: 0
      missing_ids: MISSING_IDS_ZEROS dtype: DTYPE_BFLOAT16
    }
    features { table: 'item' ids: [3, -1] }
    partial: true)"));
}

TEST(LookupRequestToProto, CarriesEveryShapeAndCombination) {
  const struct {
    std::string name;
    decltype(Feature::shape) shape;
    decltype(Feature::combine) combine;
    std::string want;
  } cases[] = {
      {"dense", DenseShape{{2, 1}}, {}, "dense { dims: [2, 1] }"},
      {"scalar", DenseShape{}, {}, "dense {}"},
      {"ragged", RaggedShape{{2, 0}}, {}, "ragged { lengths: [2, 0] }"},
      {"no sequences", RaggedShape{}, {}, "ragged {}"},
      {"pad", {}, Pad{}, "pad { side: SIDE_RIGHT keep: KEEP_FIRST }"},
      {"pad left, keep last",
       {},
       Pad{5, Pad::Side::kLeft, Pad::Keep::kLast},
       "pad { length: 5 side: SIDE_LEFT keep: KEEP_LAST }"},
      {"mean is the default", {}, Pool{}, "pool { mode: MODE_MEAN }"},
      {"max", {}, Pool{Pool::Mode::kMax, {}}, "pool { mode: MODE_MAX }"},
      {"weighted sum of bags", RaggedShape{{2}},
       Pool{Pool::Mode::kSum, {0.5F, -2}},
       "ragged { lengths: 2 } pool { mode: MODE_SUM weights: [0.5, -2] }"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    Feature feature = Item();
    feature.shape = c.shape;
    feature.combine = c.combine;
    EXPECT_THAT(
        ToProto(RequestFor(feature)),
        IsProto("features { table: 'item' ids: [3, -1] " + c.want + " }"));
  }
}

TEST(ElementTypes, HaveTheNumbersOfTheWire) {
  const struct {
    ElementType type;
    pb::DType wire;
    std::string name;
  } cases[] = {
      {ElementType::kDefault, pb::DTYPE_UNSPECIFIED, "default"},
      {ElementType::kFloat32, pb::DTYPE_FLOAT32, "float32"},
      {ElementType::kFloat16, pb::DTYPE_FLOAT16, "float16"},
      {ElementType::kBFloat16, pb::DTYPE_BFLOAT16, "bfloat16"},
      {ElementType::kInt8Rowwise, pb::DTYPE_INT8_ROWWISE, "int8"},
      {ElementType::kInt4Rowwise, pb::DTYPE_INT4_ROWWISE, "int4"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    EXPECT_EQ(ElementTypeName(c.type), c.name);
    TableOptions options;
    options.dtype = c.type;
    EXPECT_EQ(ImportSpecToProto(options).dtype(), c.wire);
    pb::TableInfo info;
    info.mutable_spec()->set_dtype(c.wire);
    EXPECT_EQ(FromProto(info).options.dtype, c.type);
  }
  EXPECT_STREQ(ElementTypeName(static_cast<ElementType>(99)), "unknown");
}

TableOptions FullOptions() {
  TableOptions options;
  options.name = "item";
  options.num_rows = 10;
  options.dim = 4;
  options.dtype = ElementType::kFloat16;
  options.padding_idx = -1;
  options.max_norm = 1.5;
  options.norm_type = 3;
  options.initializer.scheme = "kaiming_normal";
  options.initializer.args["a"] = 0.0;
  options.initializer.args["mode"] = std::string("fan_out");
  options.seed = ~uint64_t{0};
  return options;
}

constexpr char kImportSpec[] = R"(
    name: 'item' num_rows: 10 dim: 4 dtype: DTYPE_FLOAT16
    padding_idx: -1 max_norm: 1.5 norm_type: 3 )";
constexpr char kCreateOnly[] = R"(
    initializer {
      scheme: 'kaiming_normal'
      args { key: 'a' value { number: 0 } }
      args { key: 'mode' value { text: 'fan_out' } }
    }
    seed: 18446744073709551615 )";

TEST(TableOptionsToProto, ACreateCarriesEveryField) {
  EXPECT_THAT(CreateSpecToProto(FullOptions()),
              IsProto(std::string(kImportSpec) + kCreateOnly));
}

// A server refuses an import that has an initializer or a seed.
TEST(TableOptionsToProto, AnImportLeavesOutWhatOnlyACreateTakes) {
  EXPECT_THAT(ImportSpecToProto(FullOptions()), IsProto(kImportSpec));
}

TEST(TableOptionsToProto, OptionalFieldsStayUnset) {
  EXPECT_THAT(ImportSpecToProto({}), IsProto(""));
  EXPECT_THAT(CreateSpecToProto({}), IsProto("initializer {}"));
  TableOptions zeros;
  zeros.padding_idx = 0;
  zeros.max_norm = 0;
  zeros.norm_type = 0;
  EXPECT_THAT(ImportSpecToProto(zeros),
              IsProto("padding_idx: 0 max_norm: 0 norm_type: 0"));
}

TEST(TableInfoFromProto, CarriesEveryField) {
  const TableInfo info = FromProto(Parse<pb::TableInfo>(
      "spec {" + std::string(kImportSpec) + kCreateOnly + R"(}
      version: 3 revision: 9 digest: 'ab12' data_bytes: 160
      created_at_seconds: 1700000000 keep_padding_row: true
      initialized: true state: TABLE_STATE_SERVING)"));
  // The options are those that CreateSpecToProto turns into this spec.
  EXPECT_THAT(CreateSpecToProto(info.options),
              IsProto(std::string(kImportSpec) + kCreateOnly));
  EXPECT_EQ(info.version, 3U);
  EXPECT_EQ(info.revision, 9U);
  EXPECT_EQ(info.digest, "ab12");
  EXPECT_EQ(info.data_bytes, 160);
  EXPECT_EQ(info.created_at, absl::FromUnixSeconds(1'700'000'000));
  EXPECT_TRUE(info.keep_padding_row);
  EXPECT_TRUE(info.initialized);
  EMB_EXPECT_OK(info.state);
}

TEST(TableInfoFromProto, ADamagedTableHasAStatus) {
  pb::TableInfo damaged;
  damaged.set_state(pb::TABLE_STATE_DAMAGED);
  damaged.set_state_message("chunk 3: checksum");
  EXPECT_THAT(FromProto(damaged).state,
              StatusIs(StatusCode::kDataLoss, HasSubstr("chunk 3: checksum")));
}

TEST(TableInfoFromProto, WhatIsUnsetStaysUnset) {
  const TableInfo info = FromProto(pb::TableInfo());
  EXPECT_FALSE(info.options.padding_idx.has_value());
  EXPECT_FALSE(info.options.max_norm.has_value());
  EXPECT_FALSE(info.options.norm_type.has_value());
  EXPECT_THAT(info.options.initializer.args, IsEmpty());
  EXPECT_FALSE(info.keep_padding_row);
  EXPECT_FALSE(info.initialized);
}

TEST(ServerStatusFromProto, CarriesEveryField) {
  const ServerStatus status = FromProto(Parse<pb::GetStatusResponse>(R"(
    state: STATE_SERVING server_version: '0.1.0' uptime_seconds: 90 epoch: 4
    num_tables: 2 num_rows: 30 memory_used_bytes: 5 memory_limit_bytes: 6)"));
  EXPECT_EQ(status.state, ServerStatus::State::kServing);
  EXPECT_EQ(status.version, "0.1.0");
  EXPECT_EQ(status.uptime, absl::Seconds(90));
  EXPECT_EQ(status.epoch, 4U);
  EXPECT_EQ(status.num_tables, 2);
  EXPECT_EQ(status.num_rows, 30);
  EXPECT_EQ(status.memory_used_bytes, 5);
  EXPECT_EQ(status.memory_limit_bytes, 6);
}

TEST(ServerStatusFromProto, AStateOfALaterServerIsUnknown) {
  using State = ServerStatus::State;
  const std::pair<int, State> cases[] = {
      {0, State::kUnknown},  {1, State::kLoading}, {2, State::kServing},
      {3, State::kDraining}, {4, State::kUnknown}, {-1, State::kUnknown},
  };
  for (const auto& [number, state] : cases) {
    SCOPED_TRACE(number);
    pb::GetStatusResponse response;
    response.set_state(static_cast<pb::GetStatusResponse::State>(number));
    EXPECT_EQ(FromProto(response).state, state);
  }
}

}  // namespace
}  // namespace emb
