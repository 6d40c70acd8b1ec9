#include "client/src/convert.h"

#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "google/protobuf/util/message_differencer.h"
#include "google/rpc/error_details.pb.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"

namespace emb {
namespace {

namespace pb = embedding::v1;

using absl::StatusCode;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
constexpr char kBadRequestType[] = "type.googleapis.com/google.rpc.BadRequest";

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

// A float32 result of this shape and this many bytes.
pb::FeatureResult Result(const std::vector<int64_t>& shape, size_t num_bytes) {
  pb::FeatureResult result;
  result.mutable_shape()->Add(shape.begin(), shape.end());
  result.set_dtype(pb::DTYPE_FLOAT32);
  result.set_values(std::string(num_bytes, '\0'));
  return result;
}

// A request for so many features, each of eight ids.
LookupRequest Asking(size_t num_features,
                     ElementType dtype = ElementType::kDefault) {
  Feature feature;
  feature.ids.resize(8);
  feature.dtype = dtype;
  LookupRequest request;
  request.features.resize(num_features, feature);
  request.partial = true;
  return request;
}

pb::LookupResponse Response(const std::vector<pb::FeatureResult>& results) {
  pb::LookupResponse response;
  response.mutable_results()->Add(results.begin(), results.end());
  return response;
}

TEST(LookupResultFromProto, CarriesEveryField) {
  pb::FeatureResult proto = Result({1, 2}, 0);
  proto.set_version(5);
  proto.set_revision(6);
  proto.set_values(std::string("\0\0\x80\x3f\0\0\0\xc0", 8));  // 1, -2
  proto.add_lengths(1);
  proto.set_missing("\x81");
  pb::LookupResponse response = Response({proto});
  response.set_epoch(11);
  EMB_ASSERT_OK_AND_ASSIGN(const LookupResult result,
                           FromProto(response, Asking(1)));
  EXPECT_EQ(result.epoch(), 11U);
  ASSERT_THAT(result.features(), SizeIs(1));
  const FeatureResult& feature = result.feature(0);
  EMB_EXPECT_OK(feature.status);
  EXPECT_THAT(feature.shape, ElementsAre(1, 2));
  EXPECT_EQ(feature.dtype, ElementType::kFloat32);
  EXPECT_EQ(feature.version, 5U);
  EXPECT_EQ(feature.revision, 6U);
  EXPECT_THAT(feature.values(), ElementsAre(1, -2));
  EXPECT_THAT(feature.lengths, ElementsAre(1));
  EXPECT_THAT(feature.missing, ElementsAre(0x81));
}

TEST(LookupResultFromProto, HalfFloatsHaveTwoBytes) {
  for (const auto dtype : {ElementType::kFloat16, ElementType::kBFloat16}) {
    pb::FeatureResult half = Result({3, 2}, 12);
    half.set_dtype(static_cast<pb::DType>(dtype));
    EMB_EXPECT_OK(FromProto(Response({half}), Asking(1, dtype)));
    half.set_values(std::string(24, '\0'));
    EXPECT_THAT(
        FromProto(Response({half}), Asking(1, dtype)),
        StatusIs(StatusCode::kInternal, HasSubstr("24 bytes, want 12")));
  }
}

TEST(LookupResultFromProto, RefusesAResultThatContradictsItself) {
  const auto with_dtype = [](int dtype) {
    pb::FeatureResult result = Result({0, 4}, 0);
    result.set_dtype(static_cast<pb::DType>(dtype));
    return result;
  };
  pb::FeatureResult with_lengths = Result({1, 1}, 4);
  with_lengths.mutable_lengths()->Resize(2, 1);
  pb::FeatureResult with_missing = Result({1, 1}, 4);
  with_missing.set_missing("xy");
  const struct {
    std::string name;
    pb::FeatureResult result;
    std::string complaint;
  } cases[] = {
      {"one byte short", Result({2, 3}, 23), "23 bytes, want 24"},
      {"one byte over", Result({2, 3}, 25), "25 bytes, want 24"},
      {"no bytes", Result({2, 3}, 0), "0 bytes, want 24"},
      {"bytes for no rows", Result({0, 3}, 12), "12 bytes, want 0"},
      {"negative extent", Result({-2, 3}, 24), "impossible shape"},
      {"two negative extents", Result({-2, -3}, 24), "impossible shape"},
      {"negative after zero", Result({0, -1}, 0), "impossible shape"},
      {"overflow at once", Result({kMax}, 0), "impossible shape"},
      // 2^62 elements of 4 bytes are 2^64 bytes, or none.
      {"overflow to zero", Result({1LL << 31, 1LL << 31}, 0),
       "impossible shape"},
      {"unspecified dtype", with_dtype(0), "dtype "},
      {"int8", with_dtype(pb::DTYPE_INT8_ROWWISE), "dtype "},
      {"int4", with_dtype(pb::DTYPE_INT4_ROWWISE), "dtype "},
      {"dtype of a later server", with_dtype(6), "dtype "},
      {"negative dtype", with_dtype(-1), "dtype "},
      {"a status that says OK, and no values",
       Parse<pb::FeatureResult>("status {}"), "dtype "},
      {"another dtype than asked for", with_dtype(pb::DTYPE_FLOAT16),
       "dtype float16, want float32"},
      {"lengths of other sequences", with_lengths, "2 lengths"},
      {"missing ids beyond the eight", with_missing,
       "2 bytes of missing ids, want 1"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    EXPECT_THAT(FromProto(Response({c.result}), Asking(1)),
                StatusIs(StatusCode::kInternal,
                         HasSubstr("results[0]: " + c.complaint)));
    EXPECT_THAT(FromProto(Response({Result({1}, 4), c.result}), Asking(2)),
                StatusIs(StatusCode::kInternal,
                         HasSubstr("results[1]: " + c.complaint)));
  }
}

TEST(LookupResultFromProto, RefusesTheWrongNumberOfResults) {
  const pb::FeatureResult one = Result({1}, 4);
  EXPECT_THAT(FromProto(Response({}), Asking(1)),
              StatusIs(StatusCode::kInternal, HasSubstr("0 results, want 1")));
  EXPECT_THAT(FromProto(Response({one}), Asking(2)),
              StatusIs(StatusCode::kInternal, HasSubstr("1 results, want 2")));
  EXPECT_THAT(FromProto(Response({one, one}), Asking(1)),
              StatusIs(StatusCode::kInternal, HasSubstr("2 results, want 1")));
  EXPECT_THAT(FromProto(Response({one}), Asking(0)),
              StatusIs(StatusCode::kInternal, HasSubstr("1 results, want 0")));
  EMB_EXPECT_OK(FromProto(Response({}), Asking(0)));
}

TEST(LookupResultFromProto, AFailedFeatureHasAStatusAndNoValues) {
  pb::FeatureResult failed;
  failed.mutable_status()->set_code(static_cast<int>(StatusCode::kOutOfRange));
  failed.mutable_status()->set_message("features[0].ids[1] = 9");
  google::rpc::BadRequest details;
  details.add_field_violations()->set_field("features[0].ids[1]");
  failed.mutable_status()->add_details()->PackFrom(details);
  EMB_ASSERT_OK_AND_ASSIGN(
      const LookupResult result,
      FromProto(Response({failed, Result({2, 1}, 8)}), Asking(2)));
  const FeatureResult& first = result.feature(0);
  EXPECT_THAT(first.status, StatusIs(StatusCode::kOutOfRange,
                                     HasSubstr("features[0].ids[1] = 9")));
  EXPECT_EQ(first.status.GetPayload(kBadRequestType),
            absl::Cord(details.SerializeAsString()));
  EXPECT_THAT(first.shape, IsEmpty());
  EXPECT_THAT(first.values(), IsEmpty());
  EMB_EXPECT_OK(result.feature(1).status);
  EXPECT_THAT(result.feature(1).values(), ElementsAre(0, 0));
}

TEST(LookupResultFromProto, AFeatureFailsOnlyInAPartialAnswer) {
  pb::FeatureResult failed;
  failed.mutable_status()->set_code(static_cast<int>(StatusCode::kNotFound));
  LookupRequest whole = Asking(1);
  whole.partial = false;
  EXPECT_THAT(FromProto(Response({failed}), whole),
              StatusIs(StatusCode::kInternal, HasSubstr("results[0]: failed")));
}

TEST(LookupResultFromProto, EveryViewBeginsOnA64ByteBoundary) {
  pb::FeatureResult failed;
  failed.mutable_status()->set_code(static_cast<int>(StatusCode::kNotFound));
  const std::vector<pb::LookupResponse> responses = {
      Response({Result({1}, 4), Result({0, 4}, 0), Result({17}, 68), failed,
                Result({16}, 64), Result({1}, 4), Result({3, 0}, 0)}),
      // Nothing but empty ones.
      Response({Result({0, 4}, 0), failed}),
  };
  for (const pb::LookupResponse& response : responses) {
    const auto num_features = static_cast<size_t>(response.results_size());
    EMB_ASSERT_OK_AND_ASSIGN(const LookupResult result,
                             FromProto(response, Asking(num_features)));
    for (size_t i = 0; i < num_features; ++i) {
      SCOPED_TRACE(i);
      const auto bytes = result.feature(i).bytes;
      EXPECT_NE(bytes.data(), nullptr);
      EXPECT_EQ(reinterpret_cast<uintptr_t>(bytes.data()) % 64, 0U);
      EXPECT_EQ(bytes.size(),
                response.results(static_cast<int>(i)).values().size());
    }
  }
}

TEST(LookupResult, ViewsOutliveAMove) {
  pb::FeatureResult ones = Result({2}, 0);
  ones.set_values(std::string("\0\0\x80\x3f\0\0\x80\x3f", 8));
  pb::LookupResponse response = Response({ones});
  response.set_epoch(3);
  LookupResult target;
  EXPECT_THAT(target.features(), IsEmpty());
  absl::Span<const float> view;
  {
    EMB_ASSERT_OK_AND_ASSIGN(LookupResult source,
                             FromProto(response, Asking(1)));
    // The answer on the wire is not needed any more.
    response.Clear();
    view = source.feature(0).values();
    target = std::move(source);
  }
  EXPECT_THAT(view, ElementsAre(1, 1));
  LookupResult last(std::move(target));
  EXPECT_EQ(last.epoch(), 3U);
  EXPECT_THAT(last.feature(0).values(), ElementsAre(1, 1));
  EXPECT_EQ(last.feature(0).values().data(), view.data());
}

}  // namespace
}  // namespace emb
