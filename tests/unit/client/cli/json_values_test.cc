#include "client/cli/json_values.h"

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <limits>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace emb {
namespace {

std::string JsonFloat(float value) {
  std::string text;
  AppendJsonFloat(value, text);
  return text;
}

uint32_t BitsOf(float value) {
  uint32_t bits = 0;
  std::memcpy(&bits, &value, sizeof(bits));
  return bits;
}

float FromBits(uint32_t bits) {
  float value = 0;
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}

TEST(JsonFloat, IsTheShortestDecimal) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const struct {
    float value;
    std::string text;
  } cases[] = {
      {0.1F, "0.1"},
      {-0.5F, "-0.5"},
      {std::numeric_limits<float>::denorm_min(), "1e-45"},
      {std::numeric_limits<float>::max(), "3.4028235e+38"},
      {16777216.F, "16777216.0"},
      {-3.F, "-3.0"},
      {1e20F, "1e+20"},
      {1e-7F, "1e-07"},
      {0.F, "0.0"},
      {-0.F, "-0.0"},
      {std::numeric_limits<float>::quiet_NaN(), "\"NaN\""},
      {-std::numeric_limits<float>::quiet_NaN(), "\"NaN\""},
      {kInfinity, "\"Infinity\""},
      {-kInfinity, "\"-Infinity\""},
  };
  for (const auto& c : cases) EXPECT_EQ(JsonFloat(c.value), c.text);
}

TEST(JsonFloat, GivesBackTheSameBits) {
  const char* const given = std::getenv("EMB_TEST_SEED");
  const uint64_t seed = given != nullptr ? std::strtoull(given, nullptr, 10)
                                         : std::random_device{}();
  std::cout << "EMB_TEST_SEED=" << seed << "\n";
  std::mt19937_64 random(seed);
  for (int i = 0; i < 100'000; ++i) {
    const auto bits = static_cast<uint32_t>(random());
    const float value = FromBits(bits);
    if (!std::isfinite(value)) continue;
    const std::string text = JsonFloat(value);
    ASSERT_EQ(BitsOf(std::strtof(text.c_str(), nullptr)), bits) << text;
    const auto json = nlohmann::json::parse(text, nullptr, false);
    ASSERT_TRUE(json.is_number()) << text;
    // By way of float64, as most readers of JSON do.
    ASSERT_EQ(BitsOf(static_cast<float>(json.get<double>())), bits) << text;
  }
}

TEST(JsonValues, NestAsTheShapeSays) {
  const struct {
    std::vector<int64_t> shape;
    std::string compact;
    std::string by_lines;
  } cases[] = {
      {{}, "1.0", "1.0"},
      {{0}, "[]", "[]"},
      {{3}, "[1.0,2.0,3.0]", "[1.0,2.0,3.0]"},
      {{2, 2}, "[[1.0,2.0],[3.0,4.0]]", "[\n [1.0,2.0],\n [3.0,4.0]]"},
      {{2, 0, 3}, "[[],[]]", "[\n [],\n []]"},
      {{0, 3}, "[]", "[]"},
      {{2, 2, 2},
       "[[[1.0,2.0],[3.0,4.0]],[[5.0,6.0],[7.0,8.0]]]",
       "[\n [\n  [1.0,2.0],\n  [3.0,4.0]],\n [\n  [5.0,6.0],\n  [7.0,8.0]]]"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.compact);
    int64_t count = 1;
    for (const int64_t extent : c.shape) count *= extent;
    std::vector<float> values(static_cast<size_t>(count));
    std::iota(values.begin(), values.end(), 1.F);
    EXPECT_EQ(JsonValues(c.shape, values, false), c.compact);
    EXPECT_EQ(JsonValues(c.shape, values, true), c.by_lines);
    EXPECT_EQ(nlohmann::json::parse(c.by_lines, nullptr, false),
              nlohmann::json::parse(c.compact, nullptr, false));
  }
}

}  // namespace
}  // namespace emb
