#include "bench/peers/report.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "nlohmann/json.hpp"

namespace emb::bench {
namespace {

constexpr int kWidth = 7;  // Of a column.

double Ratio(const Figures& ours, const Figures& reference) {
  std::vector<double> ratios;
  for (size_t round = 0; round < ours.rows_per_second.size(); ++round) {
    ratios.push_back(ours.rows_per_second[round] /
                     reference.rows_per_second[round]);
  }
  return Median(std::move(ratios));
}

// The heading of `columns` columns.
void AppendHeading(std::string& line, size_t columns,
                   absl::string_view heading) {
  const int width = kWidth * static_cast<int>(columns);
  absl::StrAppendFormat(&line, " |%*s", width, heading);
}

}  // namespace

std::vector<size_t> Report::Places(bool reference) const {
  std::vector<size_t> places;
  for (size_t i = 0; i < contenders_.size(); ++i) {
    if (contenders_[i].is_reference == reference) places.push_back(i);
  }
  return places;
}

std::string Report::TableHead() const {
  std::string names;
  for (const Contender& contender : contenders_) {
    absl::StrAppendFormat(&names, "%*s", kWidth, contender.peer->name());
  }
  std::string upper = absl::StrFormat("%17s", "");
  std::string lower =
      absl::StrFormat("%5s %5s %5s |%s", "ids", "conns", "depth", names);
  AppendHeading(upper, contenders_.size(), "million rows/s");
  const std::vector<size_t> references = Places(true);
  for (const size_t ours : Places(false)) {
    AppendHeading(upper, references.size(), contenders_[ours].peer->name());
    absl::StrAppend(&lower, " |");
    for (const size_t reference : references) {
      const std::string over =
          absl::StrCat("/", contenders_[reference].peer->name());
      absl::StrAppendFormat(&lower, "%*s", kWidth, over);
    }
  }
  AppendHeading(upper, contenders_.size(), "server CPU s/million");
  return absl::StrCat(upper, "\n", lower, " |", names, "\n");
}

std::string Report::TableRow(const CellReport& cell) const {
  std::string row = absl::StrFormat("%5d %5d %5d |", cell.cell.ids_per_request,
                                    cell.cell.num_connections, cell.cell.depth);
  for (const Figures& figures : cell.figures) {
    absl::StrAppendFormat(&row, "%*.3f", kWidth,
                          Median(figures.rows_per_second) / 1e6);
  }
  for (const size_t ours : Places(false)) {
    absl::StrAppend(&row, " |");
    for (const size_t reference : Places(true)) {
      absl::StrAppendFormat(&row, "%*.2f", kWidth,
                            Ratio(cell.figures[ours], cell.figures[reference]));
    }
  }
  absl::StrAppend(&row, " |");
  for (const Figures& figures : cell.figures) {
    absl::StrAppendFormat(&row, "%*.3f", kWidth,
                          figures.server_cpu_per_million_rows);
  }
  return row + "\n";
}

std::string Report::Json(const Pace& pace,
                         absl::Span<const CellReport> cells) const {
  using nlohmann::ordered_json;
  ordered_json all = {{"slice_seconds", absl::ToDoubleSeconds(pace.slice)},
                      {"rounds", pace.num_rounds},
                      {"cells", ordered_json::array()}};
  for (const CellReport& cell : cells) {
    ordered_json peers;
    for (size_t i = 0; i < contenders_.size(); ++i) {
      const Figures& figures = cell.figures[i];
      ordered_json peer = {
          {"rows_per_second", Median(figures.rows_per_second)},
          {"rows_per_second_by_round", figures.rows_per_second},
          {"server_cpu_per_million_rows", figures.server_cpu_per_million_rows},
          {"client_cpu_per_million_rows", figures.client_cpu_per_million_rows}};
      if (!contenders_[i].is_reference) {
        for (const size_t reference : Places(true)) {
          peer["ratios"][std::string(contenders_[reference].peer->name())] =
              Ratio(figures, cell.figures[reference]);
        }
      }
      peers[std::string(contenders_[i].peer->name())] = std::move(peer);
    }
    all["cells"].push_back({{"ids", cell.cell.ids_per_request},
                            {"connections", cell.cell.num_connections},
                            {"depth", cell.cell.depth},
                            {"peers", std::move(peers)}});
  }
  return all.dump(1) + "\n";
}

}  // namespace emb::bench
