#include "server/proto_convert.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"

namespace emb {
namespace {

namespace pb = embedding::v1;
using absl::StatusCode;
using testing::HasSubstr;

pb::TableSpec FullSpec() {
  pb::TableSpec proto;
  proto.set_name("item");
  proto.set_num_rows(10);
  proto.set_dim(4);
  proto.set_dtype(pb::DTYPE_FLOAT32);
  proto.set_padding_idx(-1);
  proto.mutable_initializer()->set_scheme("kaiming_normal");
  auto& args = *proto.mutable_initializer()->mutable_args();
  args["mode"].set_text("fan_out");
  args["a"].set_number(0.5);
  proto.set_seed(~uint64_t{0});
  return proto;
}

TEST(CreateSpecFromProto, ReadsEveryField) {
  EMB_ASSERT_OK_AND_ASSIGN(const TableSpec spec,
                           CreateSpecFromProto(FullSpec()));
  EXPECT_EQ(spec.name, "item");
  EXPECT_EQ(spec.num_rows, 10);
  EXPECT_EQ(spec.dim, 4);
  EXPECT_EQ(spec.padding_idx, -1);
  EXPECT_EQ(spec.seed, ~uint64_t{0});
  ASSERT_TRUE(spec.initializer.has_value());
  EXPECT_EQ(spec.initializer->scheme, InitScheme::kKaimingNormal);
  EXPECT_EQ(spec.initializer->mode, FanMode::kFanOut);
  EXPECT_EQ(spec.initializer->a, 0.5);
}

TEST(CreateSpecFromProto, DefaultsAreThoseOfEmbedding) {
  EMB_ASSERT_OK_AND_ASSIGN(const TableSpec spec, CreateSpecFromProto({}));
  EXPECT_EQ(spec.dtype, DType::kFloat32);
  EXPECT_EQ(spec.padding_idx, std::nullopt);
  EXPECT_EQ(spec.max_norm, std::nullopt);
  EXPECT_EQ(spec.norm_type, 2);
  EXPECT_EQ(spec.initializer->scheme, InitScheme::kNormal);
}

TEST(CreateSpecFromProto, RefusesUnknownChoices) {
  pb::TableSpec proto = FullSpec();
  proto.set_dtype(static_cast<pb::DType>(77));
  EXPECT_THAT(CreateSpecFromProto(proto),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("dtype: 77")));
  proto = FullSpec();
  proto.set_generator(static_cast<pb::Generator>(9));
  EXPECT_THAT(CreateSpecFromProto(proto), StatusIs(StatusCode::kInvalidArgument,
                                                   HasSubstr("generator: 9")));
  proto = FullSpec();
  (*proto.mutable_initializer()->mutable_args())["a"].clear_value();
  EXPECT_THAT(CreateSpecFromProto(proto),
              StatusIs(StatusCode::kInvalidArgument,
                       HasSubstr("initializer.a: has no value")));
}

TEST(ImportRequestFromProto, RefusesWhatOnlyCreateTakes) {
  pb::ImportHeader header;
  header.mutable_spec()->set_name("item");
  EMB_EXPECT_OK(ImportRequestFromProto(header));
  header.mutable_spec()->set_seed(1);
  EXPECT_THAT(ImportRequestFromProto(header),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("unset")));
  header.mutable_spec()->set_seed(0);
  header.mutable_spec()->mutable_initializer();
  EXPECT_THAT(ImportRequestFromProto(header),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("unset")));
}

TEST(ImportRequestFromProto, TellsWhatWasLeftOpen) {
  pb::ImportHeader header;
  EMB_ASSERT_OK_AND_ASSIGN(ImportRequest request,
                           ImportRequestFromProto(header));
  EXPECT_FALSE(request.norm_type_given);
  EXPECT_FALSE(request.no_padding_idx);
  EXPECT_FALSE(request.no_max_norm);
  header.mutable_spec()->set_norm_type(2);
  header.set_no_padding_idx(true);
  header.set_no_max_norm(true);
  EMB_ASSERT_OK_AND_ASSIGN(request, ImportRequestFromProto(header));
  EXPECT_TRUE(request.norm_type_given);
  EXPECT_TRUE(request.no_padding_idx);
  EXPECT_TRUE(request.no_max_norm);
}

TEST(ImportRequestFromProto, RefusesAValueThatShallNotBe) {
  pb::ImportHeader header;
  header.set_no_padding_idx(true);
  header.set_no_max_norm(true);
  header.mutable_spec()->set_padding_idx(0);
  EXPECT_THAT(ImportRequestFromProto(header),
              StatusIs(StatusCode::kInvalidArgument,
                       HasSubstr("padding_idx and no_padding_idx")));
  header.mutable_spec()->clear_padding_idx();
  header.mutable_spec()->set_max_norm(1);
  EXPECT_THAT(ImportRequestFromProto(header),
              StatusIs(StatusCode::kInvalidArgument,
                       HasSubstr("max_norm and no_max_norm")));
}

TEST(TableInfoToProto, DescribesTheWholeTable) {
  EMB_ASSERT_OK_AND_ASSIGN(TableSpec spec, CreateSpecFromProto(FullSpec()));
  EMB_ASSERT_OK_AND_ASSIGN(spec, MakeTableSpec(spec));
  ServedTable table;
  table.record.spec = spec;
  table.record.version = 3;
  table.record.revision = 4;
  table.record.created_at = absl::FromUnixSeconds(1'700'000'000);
  table.state = absl::DataLossError("chunk 1");
  const pb::TableInfo info = TableInfoToProto(table, Snapshot());
  EXPECT_EQ(info.spec().padding_idx(), 9);
  EXPECT_EQ(info.spec().norm_type(), 2);
  EXPECT_EQ(info.spec().initializer().args().at("mode").text(), "fan_out");
  EXPECT_EQ(info.version(), 3U);
  EXPECT_EQ(info.revision(), 4U);
  EXPECT_EQ(info.data_bytes(), 160);
  EXPECT_EQ(info.digest(), std::string(32, '0'));
  EXPECT_EQ(info.created_at_seconds(), 1'700'000'000);
  EXPECT_TRUE(info.initialized());
  EXPECT_EQ(info.state(), pb::TABLE_STATE_DAMAGED);
  EXPECT_EQ(info.state_message(), "chunk 1");
}

}  // namespace
}  // namespace emb
