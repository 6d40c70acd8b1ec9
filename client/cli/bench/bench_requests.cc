#include "client/cli/bench/bench_requests.h"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/cli/bench/id_draw.h"

namespace emb {
namespace {

constexpr int64_t kIdsInAll = 1 << 20;
constexpr int64_t kRequestsMin = 16;

// What the features of one table draw from.
std::unique_ptr<IdDraw> DrawFor(const BenchOptions& options, int64_t num_rows,
                                uint64_t seed) {
  return options.distribution == IdDistribution::kZipf
             ? DrawZipf(num_rows, options.zipf_exponent, seed)
             : DrawUniform(num_rows, seed);
}

// All but its ids.
Feature FeatureLike(const BenchOptions& options, const std::string& table) {
  Feature feature;
  feature.table = table;
  feature.dtype = options.dtype;
  if (options.pool) {
    feature.shape =
        DenseShape{{options.num_ids / options.bag_ids, options.bag_ids}};
    feature.combine = Pool{*options.pool, {}};
  }
  return feature;
}

}  // namespace

absl::Status CheckIds(const BenchOptions& options,
                      const std::vector<int64_t>& table_rows) {
  for (size_t i = 0; i < table_rows.size(); ++i) {
    if (table_rows[i] >= 1) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("\"", options.tables[i], "\": no rows to look up"));
  }
  const int64_t num_rows =
      *std::min_element(table_rows.begin(), table_rows.end());
  for (size_t i = 0; i < options.trace.size(); ++i) {
    if (options.trace[i] >= 0 && options.trace[i] < num_rows) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("--trace: ids[", i, "] = ", options.trace[i],
                     ", want [0, ", num_rows, ")"));
  }
  return absl::OkStatus();
}

std::vector<LookupRequest> MakeBenchRequests(
    const BenchOptions& options, const std::vector<int64_t>& table_rows) {
  const bool traced = options.distribution == IdDistribution::kTrace;
  const std::unique_ptr<IdDraw> trace =
      traced ? DrawTrace(options.trace) : nullptr;
  const auto num_tables = static_cast<int64_t>(options.tables.size());
  std::vector<std::unique_ptr<IdDraw>> draws;
  for (int64_t i = 0; i < num_tables && !traced; ++i) {
    const auto seed = options.seed + static_cast<uint64_t>(i);
    draws.push_back(DrawFor(options, table_rows[static_cast<size_t>(i)], seed));
  }
  const int64_t ids_in_all =
      traced ? static_cast<int64_t>(options.trace.size()) : kIdsInAll;
  const int64_t per_request = options.ids_per_request();
  std::vector<LookupRequest> requests(static_cast<size_t>(
      std::max(kRequestsMin, (ids_in_all + per_request - 1) / per_request)));
  for (LookupRequest& request : requests) {
    for (int64_t i = 0; i < options.num_features; ++i) {
      const auto table = static_cast<size_t>(i % num_tables);
      Feature& feature = request.features.emplace_back(
          FeatureLike(options, options.tables[table]));
      IdDraw& draw = traced ? *trace : *draws[table];
      feature.ids.resize(static_cast<size_t>(options.num_ids));
      for (int64_t& id : feature.ids) id = draw.Next();
    }
  }
  return requests;
}

}  // namespace emb
