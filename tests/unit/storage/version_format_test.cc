// The version record, field by field; damage is record_format_test's.
#include <functional>
#include <limits>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "storage/record_format.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/storage/some_record.h"

namespace emb {
namespace {

using ::testing::HasSubstr;

void ExpectEqual(const VersionRecord& a, const VersionRecord& b) {
  EXPECT_EQ(a.spec.name, b.spec.name);
  EXPECT_EQ(a.spec.num_rows, b.spec.num_rows);
  EXPECT_EQ(a.spec.dim, b.spec.dim);
  EXPECT_EQ(a.spec.dtype, b.spec.dtype);
  EXPECT_EQ(a.spec.padding_idx, b.spec.padding_idx);
  EXPECT_EQ(a.spec.max_norm, b.spec.max_norm);
  EXPECT_EQ(a.spec.norm_type, b.spec.norm_type);
  ASSERT_EQ(a.spec.initializer.has_value(), b.spec.initializer.has_value());
  if (a.spec.initializer) {
    EXPECT_EQ(a.spec.initializer->scheme, b.spec.initializer->scheme);
    EXPECT_EQ(InitializerArgs(*a.spec.initializer),
              InitializerArgs(*b.spec.initializer));
  }
  EXPECT_EQ(a.spec.seed, b.spec.seed);
  EXPECT_EQ(a.spec.keep_padding_row, b.spec.keep_padding_row);
  EXPECT_EQ(a.version, b.version);
  EXPECT_EQ(a.generation, b.generation);
  EXPECT_EQ(a.chunk_rows, b.chunk_rows);
  EXPECT_EQ(a.revision, b.revision);
  EXPECT_EQ(a.folded_revision, b.folded_revision);
  EXPECT_EQ(a.digest, b.digest);
  EXPECT_EQ(a.created_at, b.created_at);
}

TEST(VersionRecord, KeepsEveryField) {
  VersionRecord record = SomeRecord();
  EMB_ASSERT_OK_AND_ASSIGN(auto decoded,
                           DecodeVersionRecord(EncodeVersionRecord(record)));
  ExpectEqual(decoded, record);

  record.spec.padding_idx.reset();
  record.spec.initializer.reset();
  record.spec.keep_padding_row = false;
  record.created_at = absl::FromUnixMicros(-1);
  EMB_ASSERT_OK_AND_ASSIGN(decoded,
                           DecodeVersionRecord(EncodeVersionRecord(record)));
  ExpectEqual(decoded, record);
}

TEST(VersionRecord, KeepsEveryScheme) {
  for (const absl::string_view scheme :
       {"uniform", "normal", "ones", "zeros", "xavier_uniform", "xavier_normal",
        "kaiming_uniform", "kaiming_normal"}) {
    VersionRecord record = SomeRecord();
    record.spec.initializer = *ParseInitializer(scheme, {});
    EMB_ASSERT_OK_AND_ASSIGN(const auto decoded,
                             DecodeVersionRecord(EncodeVersionRecord(record)));
    ExpectEqual(decoded, record);
  }
}

TEST(VersionRecord, RefusesNonsenseUnderARightChecksum) {
  const struct {
    absl::string_view name;
    std::function<void(VersionRecord&)> change;
  } cases[] = {
      {"empty name", [](auto& r) { r.spec.name = ""; }},
      {"bad name", [](auto& r) { r.spec.name = "a/b"; }},
      {"long name", [](auto& r) { r.spec.name = std::string(129, 'a'); }},
      {"no rows", [](auto& r) { r.spec.num_rows = 0; }},
      {"no dim", [](auto& r) { r.spec.dim = 0; }},
      {"dim", [](auto& r) { r.spec.dim = 65'537; }},
      {"too large", [](auto& r) { r.spec.num_rows = INT64_MAX; }},
      {"negative error",
       [](auto& r) {
         r.quantization_error = {-1, 0};
       }},
      {"error NaN",
       [](auto& r) {
         r.quantization_error = {0, NAN};
       }},
      {"padding past the end", [](auto& r) { r.spec.padding_idx = 1'000; }},
      {"negative padding", [](auto& r) { r.spec.padding_idx = -1; }},
      {"version", [](auto& r) { r.version = 0; }},
      {"generation", [](auto& r) { r.generation = 0; }},
      {"chunk_rows", [](auto& r) { r.chunk_rows = 0; }},
      {"negative chunk_rows", [](auto& r) { r.chunk_rows = -1; }},
      {"huge chunk_rows", [](auto& r) { r.chunk_rows = INT64_MAX; }},
      {"chunk above the limit",
       [](auto& r) { r.chunk_rows = kChunkBytesMax / 64 + 1; }},
      {"revision", [](auto& r) { r.revision = -1; }},
      {"folded revision", [](auto& r) { r.folded_revision = -1; }},
      {"folded too far", [](auto& r) { r.folded_revision = 4; }},
      {"NaN argument",
       [](auto& r) {
         r.spec.initializer->a = std::numeric_limits<double>::quiet_NaN();
       }},
      {"nonlinearity",
       [](auto& r) { r.spec.initializer->nonlinearity = "softmax"; }},
  };
  for (const auto& c : cases) {
    VersionRecord record = SomeRecord();
    c.change(record);
    EXPECT_THAT(
        DecodeVersionRecord(EncodeVersionRecord(record)),
        StatusIs(absl::StatusCode::kDataLoss, HasSubstr("version record: ")))
        << c.name;
  }
}

// Damage and a choice of a later build need different people.
TEST(VersionRecord, SaysSoWhenABuildLacksAChoice) {
  VersionRecord record = SomeRecord();
  record.spec.dtype = DType{9};
  EXPECT_THAT(DecodeVersionRecord(EncodeVersionRecord(record)),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("dtype 9 of a later build")));
}

TEST(VersionRecord, KeepsTheErrorOfANarrowDtype) {
  VersionRecord record = SomeRecord();
  record.spec.dtype = DType::kInt4Rowwise;
  record.quantization_error = {0.25, 0.125};
  EMB_ASSERT_OK_AND_ASSIGN(const auto decoded,
                           DecodeVersionRecord(EncodeVersionRecord(record)));
  ExpectEqual(decoded, record);
  ASSERT_TRUE(decoded.quantization_error.has_value());
  EXPECT_EQ(decoded.quantization_error->max_abs, 0.25);
  EXPECT_EQ(decoded.quantization_error->rms, 0.125);
}

}  // namespace
}  // namespace emb
