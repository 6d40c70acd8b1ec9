#include "client/cli/bench/id_draw.h"

#include <cmath>
#include <cstddef>
#include <numeric>
#include <random>

#include "absl/numeric/int128.h"
#include "client/cli/bench/random_draw.h"
#include "client/cli/bench/zipf_ranks.h"

namespace emb {
namespace {

class UniformDraw final : public IdDraw {
 public:
  UniformDraw(int64_t num_rows, uint64_t seed)
      : num_rows_(num_rows), random_(seed) {}
  int64_t Next() override { return DrawBelow(random_, num_rows_); }

 private:
  const int64_t num_rows_;
  std::mt19937_64 random_;
};

class ZipfDraw final : public IdDraw {
 public:
  ZipfDraw(int64_t num_rows, double exponent, uint64_t seed)
      : ranks_(num_rows, exponent), scatter_(num_rows, seed), random_(seed) {}
  int64_t Next() override { return scatter_(ranks_.Draw(random_)); }

 private:
  const ZipfRanks ranks_;
  const Scatter scatter_;
  std::mt19937_64 random_;
};

class TraceDraw final : public IdDraw {
 public:
  explicit TraceDraw(absl::Span<const int64_t> trace) : trace_(trace) {}
  int64_t Next() override {
    const int64_t id = trace_[next_];
    next_ = (next_ + 1) % trace_.size();
    return id;
  }

 private:
  const absl::Span<const int64_t> trace_;
  size_t next_ = 0;
};

int64_t StepFor(int64_t size) {
  constexpr double kGoldenRatio = 1.6180339887498949;
  int64_t step = std::llround(static_cast<double>(size) / kGoldenRatio);
  while (std::gcd(step, size) != 1) ++step;
  return step;
}

}  // namespace

std::unique_ptr<IdDraw> DrawUniform(int64_t num_rows, uint64_t seed) {
  return std::make_unique<UniformDraw>(num_rows, seed);
}

std::unique_ptr<IdDraw> DrawZipf(int64_t num_rows, double exponent,
                                 uint64_t seed) {
  return std::make_unique<ZipfDraw>(num_rows, exponent, seed);
}

std::unique_ptr<IdDraw> DrawTrace(absl::Span<const int64_t> trace) {
  return std::make_unique<TraceDraw>(trace);
}

Scatter::Scatter(int64_t size, uint64_t seed)
    : size_(size),
      step_(StepFor(size)),
      offset_(static_cast<int64_t>(seed % static_cast<uint64_t>(size))) {}

int64_t Scatter::operator()(int64_t k) const {
  const auto product =
      absl::uint128(static_cast<uint64_t>(k)) * static_cast<uint64_t>(step_);
  return static_cast<int64_t>((product + static_cast<uint64_t>(offset_)) %
                              static_cast<uint64_t>(size_));
}

}  // namespace emb
