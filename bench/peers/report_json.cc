#include <string>
#include <utility>

#include "bench/peers/report.h"
#include "nlohmann/json.hpp"

namespace emb::bench {
namespace {

using nlohmann::ordered_json;

ordered_json ToJson(const Figures& figures) {
  return {{"rows_per_second", Median(figures.rows_per_second)},
          {"rows_per_second_by_round", figures.rows_per_second},
          {"server_cpu_per_million_rows", figures.server_cpu_per_million_rows},
          {"client_cpu_per_million_rows", figures.client_cpu_per_million_rows}};
}

ordered_json ToJson(const Verdict& verdict) {
  const Goal& goal = verdict.goal;
  const bool at_least = goal.bound == Goal::Bound::kAtLeast;
  ordered_json json = {{"what", std::string(goal.what)},
                       {"bound", at_least ? "at least" : "at most"},
                       {"goal", goal.value}};
  if (!verdict.left_out.empty()) {
    json["left_out"] = verdict.left_out;
    return json;
  }
  json["measured"] = verdict.measured;
  json["by_round"] = verdict.values;
  json["met"] = verdict.missed_by <= 0;
  json["missed_by"] = verdict.missed_by;
  return json;
}

}  // namespace

std::string Report::Json(const Pace& pace, absl::Span<const CellFigures> cells,
                         const NamedSeries& others,
                         absl::Span<const Verdict> verdicts) const {
  ordered_json all = {{"slice_seconds", absl::ToDoubleSeconds(pace.slice)},
                      {"rounds", pace.num_rounds},
                      {"cells", ordered_json::array()},
                      {"series", others},
                      {"goals", ordered_json::array()}};
  for (const CellFigures& cell : cells) {
    for (size_t i = 0; i < cell.by_depth.size(); ++i) {
      const std::vector<Figures>& lanes = cell.by_depth[i];
      ordered_json peers;
      for (size_t j = 0; j < contenders_.size(); ++j) {
        ordered_json peer = ToJson(lanes[j]);
        for (const size_t reference : Places(true)) {
          if (contenders_[j].is_reference) break;
          peer["ratios"][std::string(contenders_[reference].peer->name())] =
              Median(Ratios(lanes[j].rows_per_second,
                            lanes[reference].rows_per_second));
        }
        peers[std::string(contenders_[j].peer->name())] = std::move(peer);
      }
      all["cells"].push_back({{"ids", cell.cell.ids_per_request},
                              {"connections", cell.cell.num_connections},
                              {"depth", cell.cell.depths[i]},
                              {"peers", std::move(peers)}});
    }
  }
  for (const Verdict& verdict : verdicts) {
    all["goals"].push_back(ToJson(verdict));
  }
  return all.dump(1) + "\n";
}

}  // namespace emb::bench
