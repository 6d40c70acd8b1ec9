#include "core/initializer.h"

#include <cmath>
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

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInf = std::numeric_limits<double>::infinity();

struct Refusal {
  absl::string_view scheme;
  InitArgs args;
  StatusCode code;
  std::string complaint;
};

void ExpectRefused(const std::vector<Refusal>& cases) {
  for (const Refusal& c : cases) {
    SCOPED_TRACE(std::string(c.scheme) + " " + c.complaint);
    EXPECT_THAT(ParseInitializer(c.scheme, c.args),
                StatusIs(c.code, HasSubstr(c.complaint)));
  }
}

TEST(ParseInitializer, RefusesSchemesAndArgumentsByName) {
  ExpectRefused({
      {"gaussian", {}, StatusCode::kInvalidArgument, "want one of uniform"},
      {"Normal", {}, StatusCode::kInvalidArgument, "\"Normal\""},
      {"eye", {{"gain", 1.0}}, StatusCode::kInvalidArgument, "no such"},
      {"trunc_normal",
       {{"sparsity", 0.5}},
       StatusCode::kInvalidArgument,
       "no such"},
      {"uniform",
       {{"gain", 1.0}},
       StatusCode::kInvalidArgument,
       "initializer.gain: uniform has no such argument, want a, b"},
      {"kaiming_normal",
       {{"std", "1"}},
       StatusCode::kInvalidArgument,
       "no such argument, want a, mode, nonlinearity"},
      {"ones",
       {{"val", 1.0}},
       StatusCode::kInvalidArgument,
       "initializer.val: ones has no such argument, it takes none"},
      // Not "val: missing": what is misspelt is named first.
      {"constant",
       {{"value", 1.0}},
       StatusCode::kInvalidArgument,
       "initializer.value: constant has no such argument, want val"},
      {"normal", {{"", 1.0}}, StatusCode::kInvalidArgument, "no such"},
      {"ones", {{"val", 1.0}}, StatusCode::kInvalidArgument, "no such"},
      {"xavier_uniform",
       {{"mode", "fan_in"}},
       StatusCode::kInvalidArgument,
       "no such"},
      {"constant",
       {},
       StatusCode::kInvalidArgument,
       "initializer.val: missing"},
      {"normal", InitArgs(9, {"x", 1.0}), StatusCode::kInvalidArgument,
       "initializer.args: there are 9, want at most 8"},
      {"sparse",
       {},
       StatusCode::kInvalidArgument,
       "initializer.sparsity: missing, sparse needs it"},
  });
}

TEST(ParseInitializer, RefusesNumbersBeyondFloat32) {
  ExpectRefused({
      {"constant", {{"val", 1e39}}, StatusCode::kInvalidArgument, "1e+39"},
      {"normal", {{"std", kNan}}, StatusCode::kInvalidArgument, "nan"},
      {"normal", {{"mean", kInf}}, StatusCode::kInvalidArgument, "inf"},
      {"uniform", {{"a", kNan}}, StatusCode::kInvalidArgument, "nan"},
      {"uniform", {{"b", 1e39}}, StatusCode::kInvalidArgument, "float32"},
      {"uniform",
       {{"a", -3e38}, {"b", 3e38}},
       StatusCode::kInvalidArgument,
       "beyond float32"},
      {"xavier_normal", {{"gain", kNan}}, StatusCode::kInvalidArgument, "nan"},
      {"trunc_normal", {{"b", kInf}}, StatusCode::kInvalidArgument, "inf"},
      {"orthogonal", {{"gain", kNan}}, StatusCode::kInvalidArgument, "nan"},
  });
}

TEST(ParseInitializer, RefusesNumbersOutOfRange) {
  ExpectRefused({
      {"normal",
       {{"std", -1.0}},
       StatusCode::kInvalidArgument,
       "initializer.std: -1, want at least 0"},
      {"uniform",
       {{"a", 1.0}, {"b", 0.0}},
       StatusCode::kInvalidArgument,
       "initializer.a: 1, want at most b = 0"},
      {"uniform", {{"a", 2.0}}, StatusCode::kInvalidArgument, "b = 1"},
      {"xavier_uniform",
       {{"gain", -1.0}},
       StatusCode::kInvalidArgument,
       "initializer.gain: -1"},
      {"trunc_normal",
       {{"a", 2.0}, {"b", -2.0}},
       StatusCode::kInvalidArgument,
       "initializer.a: 2, want at most b = -2"},
      {"trunc_normal",
       {{"std", 0.0}},
       StatusCode::kInvalidArgument,
       "initializer.std: 0, want more than 0"},
      {"sparse",
       {{"sparsity", -0.1}},
       StatusCode::kInvalidArgument,
       "initializer.sparsity: -0.1, want at least 0"},
      {"sparse",
       {{"sparsity", 0.1}, {"std", -1.0}},
       StatusCode::kInvalidArgument,
       "initializer.std: -1"},
  });
}

TEST(ParseInitializer, RefusesTextThatMeansNothing) {
  ExpectRefused({
      {"normal",
       {{"std", 1.0}, {"std", 1.0}},
       StatusCode::kInvalidArgument,
       "given twice"},
      {"normal",
       {{"std", "wide"}},
       StatusCode::kInvalidArgument,
       "\"wide\", want a number"},
      {"kaiming_uniform",
       {{"mode", "fan"}},
       StatusCode::kInvalidArgument,
       "want fan_in or fan_out"},
      {"kaiming_uniform",
       {{"mode", 1.0}},
       StatusCode::kInvalidArgument,
       "want a name"},
      {"kaiming_normal",
       {{"nonlinearity", "gelu"}},
       StatusCode::kInvalidArgument,
       "\"gelu\""},
      {"kaiming_normal",
       {{"nonlinearity", "RELU"}},
       StatusCode::kInvalidArgument,
       "\"RELU\""},
  });
}

TEST(ParseInitializer, HasPyTorchsDefaults) {
  EMB_ASSERT_OK_AND_ASSIGN(const Initializer init, ParseInitializer("", {}));
  EXPECT_EQ(init.scheme, InitScheme::kNormal);
  EXPECT_EQ(init.mean, 0);
  EXPECT_EQ(init.std, 1);
  EMB_ASSERT_OK_AND_ASSIGN(const Initializer kaiming,
                           ParseInitializer("kaiming_uniform", {}));
  EXPECT_EQ(kaiming.a, 0);
  EXPECT_EQ(kaiming.mode, FanMode::kFanIn);
  EXPECT_EQ(kaiming.nonlinearity, "leaky_relu");
  EMB_ASSERT_OK_AND_ASSIGN(const Initializer trunc,
                           ParseInitializer("trunc_normal", {}));
  EXPECT_EQ(trunc.std, 1);
  EXPECT_EQ(trunc.a, -2);
  EXPECT_EQ(trunc.b, 2);
  EMB_ASSERT_OK_AND_ASSIGN(const Initializer sparse,
                           ParseInitializer("sparse", {{"sparsity", 0.5}}));
  EXPECT_EQ(sparse.std, 0.01);
}

TEST(ParseInitializer, TakesTheEdgesPyTorchTakes) {
  const struct {
    absl::string_view scheme;
    InitArgs args;
  } cases[] = {
      {"uniform", {{"a", 1.0}}},   // a = b: all equal to a.
      {"normal", {{"std", 0.0}}},  // All equal to the mean.
      {"constant", {{"val", kNan}}},
      {"constant", {{"val", -kInf}}},
      {"xavier_normal", {{"gain", 0.0}}},
      {"kaiming_normal", {{"mode", "FAN_OUT"}}},
      {"kaiming_normal", {{"a", -0.5}}},
      {"orthogonal", {{"gain", -1.0}}},
      {"sparse", {{"sparsity", 1.5}}},  // All zero.
      {"trunc_normal", {{"a", 3.0}, {"b", 3.0}}},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(std::string(c.scheme));
    EMB_EXPECT_OK(ParseInitializer(c.scheme, c.args));
  }
}

TEST(InitializerArgs, GiveTheInitializerBack) {
  const struct {
    absl::string_view scheme;
    InitArgs args;
  } cases[] = {{"uniform", {{"a", -2.5}, {"b", 0.1}}},
               {"normal", {{"std", 0.02}}},
               {"constant", {{"val", 7.0}}},
               {"ones", {}},
               {"eye", {}},
               {"trunc_normal", {{"std", 0.02}, {"a", -0.04}, {"b", 0.04}}},
               {"orthogonal", {{"gain", -2.0}}},
               {"sparse", {{"sparsity", 0.9}}},
               {"xavier_uniform", {{"gain", 1.5}}},
               {"kaiming_normal",
                {{"a", 0.3}, {"mode", "fan_out"}, {"nonlinearity", "relu"}}}};
  for (const auto& c : cases) {
    SCOPED_TRACE(std::string(c.scheme));
    EMB_ASSERT_OK_AND_ASSIGN(const Initializer init,
                             ParseInitializer(c.scheme, c.args));
    EXPECT_EQ(InitSchemeName(init.scheme), c.scheme);
    const InitArgs args = InitializerArgs(init);
    EMB_ASSERT_OK_AND_ASSIGN(const Initializer again,
                             ParseInitializer(c.scheme, args));
    EXPECT_EQ(InitializerArgs(again), args);
    for (const auto& arg : c.args) EXPECT_THAT(args, testing::Contains(arg));
  }
}

// Source: torch.nn.init.calculate_gain.
TEST(CalculateGain, IsPyTorchs) {
  EXPECT_THAT(CalculateGain("linear", 0), IsOkAndHolds(1.0));
  EXPECT_THAT(CalculateGain("sigmoid", 0), IsOkAndHolds(1.0));
  EXPECT_THAT(CalculateGain("tanh", 0), IsOkAndHolds(5.0 / 3));
  EXPECT_THAT(CalculateGain("relu", 0), IsOkAndHolds(std::sqrt(2.0)));
  EXPECT_THAT(CalculateGain("leaky_relu", 0.2),
              IsOkAndHolds(std::sqrt(2.0 / (1 + 0.2 * 0.2))));
  EXPECT_THAT(CalculateGain("selu", 0), IsOkAndHolds(0.75));
  EXPECT_THAT(CalculateGain("softmax", 0),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("softmax")));
}

}  // namespace
}  // namespace emb
