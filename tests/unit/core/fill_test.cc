#include "core/fill.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/testing/make_table.h"
#include "tests/testing/simd_targets.h"
#include "tests/testing/status_matchers.h"

namespace emb {
namespace {

// CRC-32 with the zlib polynomial.
uint32_t Crc32(absl::Span<const std::byte> bytes) {
  uint32_t crc = ~uint32_t{0};
  for (const std::byte byte : bytes) {
    crc ^= static_cast<uint32_t>(byte);
    for (int bit = 0; bit < 8; ++bit) {
      crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0xEDB88320U : 0U);
    }
  }
  return ~crc;
}

// The matrix, put together from its pieces; they must come in order.
std::vector<float> Fill(const Initializer& init, TorchMt19937& generator,
                        int64_t num_rows, int64_t dim,
                        ParallelFor parallel = RunSerially,
                        int num_threads = 1) {
  std::vector<float> all;
  const auto append = [&](int64_t offset, absl::Span<const float> values) {
    EXPECT_EQ(offset, static_cast<int64_t>(all.size()));
    all.insert(all.end(), values.begin(), values.end());
  };
  FillMatrix<float>(init, num_rows, dim, generator,
                    {append, NeverCancelled, parallel, num_threads});
  EXPECT_EQ(static_cast<int64_t>(all.size()), num_rows * dim);
  return all;
}

std::vector<float> Fill(const Initializer& init, uint64_t seed,
                        int64_t num_rows, int64_t dim) {
  TorchMt19937 generator(seed);
  return Fill(init, generator, num_rows, dim);
}

struct GoldenCase {
  absl::string_view scheme;
  InitArgs args;
  uint64_t seed;
  int64_t num_rows;
  int64_t dim;
  uint32_t crc32;
};

// CRC-32 of the little-endian bytes of matrices made by PyTorch 1.13.1 on an
// x86 CPU with AVX2: torch.manual_seed(seed), then torch.nn.init.<scheme>_.
std::vector<GoldenCase> GoldenCases() {
  const InitArgs relu = {{"nonlinearity", "relu"}};
  const InitArgs slope = {{"a", 0.2}, {"mode", "fan_out"}};
  const InitArgs steep = {{"a", 2.23606797749979}, {"mode", "fan_out"}};
  return {
      {"uniform", {}, 0, 10, 3, 2824516926},
      {"uniform", {{"a", -0.05}, {"b", 0.05}}, 42, 17, 1, 3593525657},
      {"uniform", {{"a", 0.1}, {"b", 0.7}}, 42, 1000, 64, 1793089238},
      {"uniform", {}, 4294967301, 1000, 64, 4162722932},
      {"normal", {}, 0, 10, 3, 899843504},
      {"normal", {}, 42, 17, 1, 3363100665},
      {"normal", {{"mean", 0.5}, {"std", 0.02}}, 42, 1000, 64, 3451310895},
      {"constant", {{"val", -0.0}}, 0, 10, 3, 4199973483},
      {"constant", {{"val", 0.3}}, 0, 17, 1, 2860348853},
      {"ones", {}, 0, 10, 3, 2241211963},
      {"zeros", {}, 0, 10, 3, 962427431},
      {"xavier_uniform", {}, 42, 1000, 64, 1088768514},
      {"xavier_uniform", {{"gain", 5.0 / 3}}, 0, 10, 3, 4198361211},
      {"xavier_normal", {}, 42, 1000, 64, 3721129906},
      {"xavier_normal", {{"gain", std::sqrt(2.0)}}, 0, 17, 1, 1939540835},
      {"kaiming_uniform", {}, 42, 1000, 64, 1477421970},
      {"kaiming_uniform", steep, 0, 10, 3, 1529336214},
      {"kaiming_normal", relu, 42, 1000, 64, 1655588429},
      {"kaiming_normal", slope, 0, 10, 3, 698228113},
  };
}

// tests/parity has all of PyTorch's cases; these few are run on every
// instruction set.
TEST(FillMatrix, HasTheBitsOfPyTorchOnEveryInstructionSet) {
  ForEachSimdTarget([] {
    for (const GoldenCase& c : GoldenCases()) {
      SCOPED_TRACE(absl::StrCat(c.scheme, " seed ", c.seed, " ", c.num_rows,
                                " x ", c.dim));
      EMB_ASSERT_OK_AND_ASSIGN(const Initializer init,
                               ParseInitializer(c.scheme, c.args));
      const auto values = Fill(init, c.seed, c.num_rows, c.dim);
      EXPECT_EQ(Crc32(AsBytes(values)), c.crc32);
    }
  });
}

// Our own bytes, where PyTorch's are within a tolerance only: this test is
// built by two compilers, with and without FMA, and wants the same.
// (trunc_normal: with the C library of Debian 12.)
TEST(FillMatrix, HasOneResultWhateverTheCompiler) {
  const struct {
    absl::string_view scheme;
    int64_t num_rows;
    int64_t dim;
    uint32_t crc32;
  } cases[] = {
      {"orthogonal", 300, 40, 870313322},
      {"orthogonal", 40, 300, 777466934},
      {"orthogonal", 96, 96, 2858381144},
      {"trunc_normal", 1'000, 64, 3251840453},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(absl::StrCat(c.scheme, " ", c.num_rows, " x ", c.dim));
    EMB_ASSERT_OK_AND_ASSIGN(const Initializer init,
                             ParseInitializer(c.scheme, {}));
    EXPECT_EQ(Crc32(AsBytes(Fill(init, 42, c.num_rows, c.dim))), c.crc32);
  }
}

// Pieces, taken by threads in any order, make the same matrix.
TEST(FillMatrix, ThreadsDoNotShowInTheValues) {
  const auto backwards = [](int64_t count,
                            absl::FunctionRef<void(int64_t)> task) {
    for (int64_t i = count - 1; i >= 0; --i) task(i);
  };
  const InitArgs sparsity = {{"sparsity", 0.3}};
  const struct {
    absl::string_view scheme;
    InitArgs args;
  } cases[] = {{"uniform", {}},
               {"normal", {}},
               {"trunc_normal", {}},
               {"sparse", sparsity},
               {"constant", {{"val", 2.0}}},
               {"eye", {}}};
  for (const auto& c : cases) {
    SCOPED_TRACE(std::string(c.scheme));
    EMB_ASSERT_OK_AND_ASSIGN(const Initializer init,
                             ParseInitializer(c.scheme, c.args));
    TorchMt19937 alone(8);
    TorchMt19937 together(8);
    EXPECT_EQ(Fill(init, alone, 401, 701),
              Fill(init, together, 401, 701, backwards, 3));
    EXPECT_EQ(alone.Next(), together.Next());
  }
}

TEST(FillMatrix, GivesUpWhenItIsCancelled) {
  for (const absl::string_view scheme :
       {"uniform", "normal", "zeros", "eye", "orthogonal"}) {
    SCOPED_TRACE(std::string(scheme));
    EMB_ASSERT_OK_AND_ASSIGN(const Initializer init,
                             ParseInitializer(scheme, {}));
    int asked = 0;
    int pieces = 0;
    const auto cancelled = [&] { return ++asked > 2; };
    const auto count = [&](int64_t, absl::Span<const float>) { ++pieces; };
    TorchMt19937 generator(1);
    FillMatrix<float>(init, 10'000, 100, generator, {count, cancelled});
    EXPECT_EQ(pieces, scheme == "orthogonal" ? 0 : 2);
  }
}

double Dot(absl::Span<const float> a, absl::Span<const float> b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    sum += static_cast<double>(a[i]) * b[i];
  }
  return sum;
}

TEST(FillMatrix, OrthogonalRowsAreOrthonormalTimesTheGain) {
  EMB_ASSERT_OK_AND_ASSIGN(const Initializer init,
                           ParseInitializer("orthogonal", {{"gain", 3.0}}));
  constexpr size_t kRows = 30;
  constexpr size_t kDim = 50;
  const std::vector<float> values = Fill(init, 1, kRows, kDim);
  const auto row = [&](size_t i) {
    return absl::MakeConstSpan(values).subspan(i * kDim, kDim);
  };
  for (size_t i = 0; i < kRows; ++i) {
    for (size_t j = 0; j < kRows; ++j) {
      EXPECT_NEAR(Dot(row(i), row(j)), i == j ? 9 : 0, 1e-5);
    }
  }
}

TEST(FillMatrix, SparseColumnsHaveTheirShareOfZeros) {
  for (const double sparsity : {0.0, 0.25, 0.999, 1.0, 7.0}) {
    SCOPED_TRACE(sparsity);
    EMB_ASSERT_OK_AND_ASSIGN(
        const Initializer init,
        ParseInitializer("sparse", {{"sparsity", sparsity}}));
    constexpr int64_t kRows = 101;
    constexpr int64_t kDim = 7;
    const std::vector<float> values = Fill(init, 1, kRows, kDim);
    const int64_t want =
        std::min(kRows, static_cast<int64_t>(std::ceil(sparsity * kRows)));
    for (int64_t column = 0; column < kDim; ++column) {
      int64_t zeros = 0;
      for (int64_t row = 0; row < kRows; ++row) {
        if (values[static_cast<size_t>(row * kDim + column)] == 0) ++zeros;
      }
      EXPECT_EQ(zeros, want);
    }
  }
}

TEST(FillMatrix, TruncNormalStaysWithinItsBounds) {
  EMB_ASSERT_OK_AND_ASSIGN(
      const Initializer init,
      ParseInitializer("trunc_normal", {{"a", -0.5}, {"b", 9.0}}));
  for (const float value : Fill(init, 1, 1'000, 64)) {
    ASSERT_GE(value, -0.5F);
    ASSERT_LE(value, 9.0F);
  }
}

// Pieces are 65,536 elements; a tail that is no multiple of 16 is drawn
// twice, also where a piece ends just before it.
TEST(FillMatrix, PiecesDoNotShowInTheValues) {
  EMB_ASSERT_OK_AND_ASSIGN(const Initializer normal,
                           ParseInitializer("normal", {}));
  const std::vector<float> large = Fill(normal, 5, 65'536 * 3, 1);
  for (const int64_t count : {65'536 - 1, 65'536, 65'536 + 1, 65'536 + 15,
                              65'536 + 16, 65'536 + 17, 2 * 65'536 + 7}) {
    SCOPED_TRACE(count);
    const std::vector<float> values = Fill(normal, 5, count, 1);
    const int64_t untouched = count % 16 == 0 ? count : count - 16;
    EXPECT_EQ(std::memcmp(values.data(), large.data(),
                          static_cast<size_t>(untouched) * sizeof(float)),
              0);
    if (count % 16 != 0) {
      EXPECT_NE(values[static_cast<size_t>(count) - 16],
                large[static_cast<size_t>(count) - 16]);
    }
  }
}

// Moments of 1,000,000 draws within five standard errors.
TEST(FillMatrix, HasTheMomentsOfItsScheme) {
  constexpr int64_t kRows = 10'000;
  constexpr int64_t kDim = 100;
  const struct {
    absl::string_view scheme;
    InitArgs args;
    double std;
    double kurtosis;  // Fourth moment over the squared variance.
  } cases[] = {
      {"uniform", {{"a", -1.0}, {"b", 1.0}}, std::sqrt(1.0 / 3), 1.8},
      {"normal", {{"std", 2.0}}, 2, 3},
      {"xavier_uniform", {}, std::sqrt(2.0 / (kRows + kDim)), 1.8},
      {"xavier_normal", {}, std::sqrt(2.0 / (kRows + kDim)), 3},
      {"kaiming_uniform", {}, std::sqrt(2.0 / kDim), 1.8},
      {"kaiming_normal", {{"mode", "fan_out"}}, std::sqrt(2.0 / kRows), 3},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(std::string(c.scheme));
    EMB_ASSERT_OK_AND_ASSIGN(const Initializer init,
                             ParseInitializer(c.scheme, c.args));
    double sum = 0;
    double squares = 0;
    for (const float value : Fill(init, 1, kRows, kDim)) {
      sum += value;
      squares += static_cast<double>(value) * value;
    }
    const double n = kRows * kDim;
    const double variance = c.std * c.std;
    EXPECT_NEAR(sum / n, 0, 5 * c.std / std::sqrt(n));
    EXPECT_NEAR(squares / n, variance,
                5 * variance * std::sqrt((c.kurtosis - 1) / n));
  }
}

TEST(FillMatrix, OnlyTheLowSeedBitsMatter) {
  EMB_ASSERT_OK_AND_ASSIGN(const Initializer normal,
                           ParseInitializer("normal", {}));
  EXPECT_EQ(Fill(normal, 5, 8, 8), Fill(normal, (uint64_t{1} << 32) + 5, 8, 8));
  EXPECT_NE(Fill(normal, 5, 8, 8), Fill(normal, 6, 8, 8));
}

}  // namespace
}  // namespace emb
