#include "core/table_spec.h"

#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"

namespace emb {
namespace {

using absl::StatusCode;
using testing::HasSubstr;

constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
constexpr int64_t kMin = std::numeric_limits<int64_t>::min();

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInf = std::numeric_limits<double>::infinity();

TableSpec GoodSpec() {
  TableSpec spec;
  spec.name = "item";
  spec.num_rows = 10;
  spec.dim = 3;
  return spec;
}

// A good spec, spoilt.
struct BadSpec {
  absl::string_view what;
  std::function<void(TableSpec&)> change;
  StatusCode code;
  std::string complaint;
};

void ExpectRefused(const std::vector<BadSpec>& cases) {
  for (const BadSpec& c : cases) {
    SCOPED_TRACE(std::string(c.what));
    TableSpec spec = GoodSpec();
    c.change(spec);
    EXPECT_THAT(MakeTableSpec(spec), StatusIs(c.code, HasSubstr(c.complaint)));
  }
}

TEST(MakeTableSpec, RefusesWhatIsNoTable) {
  ExpectRefused({
      {"no rows", [](TableSpec& s) { s.num_rows = 0; },
       StatusCode::kInvalidArgument, "num_rows: 0, want at least 1"},
      {"negative rows", [](TableSpec& s) { s.num_rows = -1; },
       StatusCode::kInvalidArgument, "num_rows: -1"},
      {"fewest rows", [](TableSpec& s) { s.num_rows = kMin; },
       StatusCode::kInvalidArgument, "num_rows"},
      {"no dim", [](TableSpec& s) { s.dim = 0; }, StatusCode::kInvalidArgument,
       "dim: 0, want 1 to 65536"},
      {"dim too large", [](TableSpec& s) { s.dim = kDimMax + 1; },
       StatusCode::kInvalidArgument, "dim: 65537"},
      {"size beyond 64 bits", [](TableSpec& s) { s.num_rows = kMax / 8; },
       StatusCode::kInvalidArgument, "to fit 2^62 bytes"},
      {"name", [](TableSpec& s) { s.name = "a b"; },
       StatusCode::kInvalidArgument, "character 1"},
  });
}

TEST(MakeTableSpec, RefusesAPaddingIdxOutsideTheTable) {
  ExpectRefused({
      {"padding_idx = num_rows", [](TableSpec& s) { s.padding_idx = 10; },
       StatusCode::kInvalidArgument, "padding_idx: 10, want [-10, 10)"},
      {"padding_idx < -num_rows", [](TableSpec& s) { s.padding_idx = -11; },
       StatusCode::kInvalidArgument, "padding_idx: -11"},
      {"padding_idx extreme", [](TableSpec& s) { s.padding_idx = kMin; },
       StatusCode::kInvalidArgument, "padding_idx"},
  });
}

TEST(MakeTableSpec, RefusesAShapeThatItsDtypeCannotHave) {
  ExpectRefused({
      {"int4 of an odd dim",
       [](TableSpec& s) {
         s.dtype = DType::kInt4Rowwise;
         s.dim = 5;
       },
       StatusCode::kInvalidArgument, "dim: 5, want an even one for int4"},
      {"int4 beyond 2^62 bytes of float32",
       [](TableSpec& s) {
         s.dtype = DType::kInt4Rowwise;
         s.dim = 65'536;
         s.num_rows = int64_t{1} << 45;
       },
       StatusCode::kInvalidArgument, "rows of 262144 bytes to fit 2^62 bytes"},
  });
}

TEST(MakeTableSpec, RefusesANormThatMeansNothing) {
  ExpectRefused({
      {"negative max_norm", [](TableSpec& s) { s.max_norm = -1.0; },
       StatusCode::kInvalidArgument,
       "max_norm: -1, want a finite number of at least 0"},
      {"max_norm NaN", [](TableSpec& s) { s.max_norm = kNan; },
       StatusCode::kInvalidArgument, "max_norm: nan"},
      {"max_norm infinite", [](TableSpec& s) { s.max_norm = kInf; },
       StatusCode::kInvalidArgument, "max_norm: inf"},
      {"norm_type NaN", [](TableSpec& s) { s.norm_type = kNan; },
       StatusCode::kInvalidArgument, "norm_type: nan, want a number"},
  });
}

TEST(MakeTableSpec, RefusesAFillingThatDoesNotFit) {
  ExpectRefused({
      {"bounds beyond float32",
       [](TableSpec& s) {
         s.initializer =
             ParseInitializer("xavier_uniform", {{"gain", 3e38}}).value();
       },
       StatusCode::kInvalidArgument, "initializer.gain: 3e+38"},
      {"orthogonal too large",
       [](TableSpec& s) {
         s.initializer = ParseInitializer("orthogonal", {}).value();
         s.num_rows = 1'000'000'000;
         s.dim = 64;
       },
       StatusCode::kInvalidArgument, "orthogonal for 1000000000 x 64"},
      {"too many sparse rows",
       [](TableSpec& s) {
         s.initializer =
             ParseInitializer("sparse", {{"sparsity", 0.5}}).value();
         s.num_rows = int64_t{1} << 32;
       },
       StatusCode::kInvalidArgument, "sparse for 4294967296 rows"},
  });
}

TEST(MakeTableSpec, TakesTheEdges) {
  TableSpec spec = GoodSpec();
  spec.dim = kDimMax;
  EMB_EXPECT_OK(MakeTableSpec(spec));
  spec.dim = 1;
  spec.num_rows = kMax / 8;
  EMB_EXPECT_OK(MakeTableSpec(spec));
}

TEST(MakeTableSpec, TakesAnyNormThatMeansSomething) {
  for (const double p : {0.0, 0.5, 1.0, 2.0, 3.0, -1.0, kInf, -kInf}) {
    TableSpec spec = GoodSpec();
    spec.max_norm = 0;
    spec.norm_type = p;
    EMB_EXPECT_OK(MakeTableSpec(spec)) << p;
  }
}

TEST(MakeTableSpec, CountsANegativePaddingIdxFromTheEnd) {
  const struct {
    int64_t given;
    int64_t want;
  } cases[] = {{0, 0}, {9, 9}, {-1, 9}, {-10, 0}};
  for (const auto& c : cases) {
    TableSpec spec = GoodSpec();
    spec.padding_idx = c.given;
    EMB_ASSERT_OK_AND_ASSIGN(const TableSpec made, MakeTableSpec(spec));
    EXPECT_EQ(made.padding_idx, c.want);
    EXPECT_EQ(made.zero_row(), c.want);
  }
}

TEST(TableSpec, AKeptPaddingRowIsNotZero) {
  TableSpec spec = GoodSpec();
  spec.padding_idx = 0;
  spec.keep_padding_row = true;
  EXPECT_EQ(spec.zero_row(), std::nullopt);
}

TEST(ValidateTableName, RefusesByPosition) {
  const struct {
    std::string name;
    std::string complaint;
  } cases[] = {
      {"", "0 characters, want 1 to 128"},
      {std::string(129, 'a'), "129 characters"},
      {"a/b", "character 1"},
      {"item@7", "character 4"},
      {"caf\xc3\xa9", "character 3"},
      {" item", "character 0"},
      {"item\n", "character 4"},
      {std::string("a\0b", 3), "character 1"},
  };
  for (const auto& c : cases) {
    EXPECT_THAT(ValidateTableName(c.name),
                StatusIs(StatusCode::kInvalidArgument, HasSubstr(c.complaint)));
  }
  for (const char* const name : {"a", "A.b_c-9", "...", "-x"}) {
    EMB_EXPECT_OK(ValidateTableName(name));
  }
  EMB_EXPECT_OK(ValidateTableName(std::string(128, 'a')));
}

}  // namespace
}  // namespace emb
