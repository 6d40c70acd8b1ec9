#include "core/renormalise.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

namespace emb {
namespace {

double SumOfPowers(absl::Span<const float> row, double p) {
  double sum = 0;
  for (const float x : row) {
    const double size = std::abs(static_cast<double>(x));
    if (p == 2) {
      sum += size * size;
    } else if (p == 1) {
      sum += size;
    } else if (p == 0) {
      sum += x != 0 ? 1 : 0;
    } else {
      sum += std::pow(size, p);
    }
  }
  return sum;
}

// The largest (p > 0) or smallest magnitude; NaN if there is one.
double ExtremeMagnitude(absl::Span<const float> row, double p) {
  double extreme = p > 0 ? 0 : std::numeric_limits<double>::infinity();
  for (const float x : row) {
    const double size = std::abs(static_cast<double>(x));
    if (std::isnan(size)) return size;
    extreme = p > 0 ? std::max(extreme, size) : std::min(extreme, size);
  }
  return extreme;
}

}  // namespace

float RowNorm(absl::Span<const float> row, double p) {
  if (std::isnan(p)) return std::numeric_limits<float>::quiet_NaN();
  if (std::isinf(p)) return static_cast<float>(ExtremeMagnitude(row, p));
  const double sum = SumOfPowers(row, p);
  if (p == 0 || p == 1) return static_cast<float>(sum);
  if (p == 2) return static_cast<float>(std::sqrt(sum));
  return static_cast<float>(std::pow(sum, 1 / p));
}

void RenormaliseRow(const MaxNorm& max_norm, absl::Span<float> row) {
  const double norm = RowNorm(row, max_norm.norm_type);
  if (!(norm > max_norm.limit)) return;
  const auto scale = static_cast<float>(max_norm.limit / (norm + 1e-7));
  for (float& x : row) x *= scale;
}

void Renormalise(const MaxNorm& max_norm, int64_t dim,
                 absl::Span<const int64_t> ids, absl::Span<float> rows) {
  std::vector<int64_t> distinct(ids.begin(), ids.end());
  std::sort(distinct.begin(), distinct.end());
  distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
  for (const int64_t id : distinct) {
    assert(id >= 0 && (id + 1) * dim <= static_cast<int64_t>(rows.size()));
    RenormaliseRow(max_norm, rows.subspan(static_cast<size_t>(id * dim),
                                          static_cast<size_t>(dim)));
  }
}

}  // namespace emb
