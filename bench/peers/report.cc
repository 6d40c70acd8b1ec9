#include "bench/peers/report.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace emb::bench {
namespace {

constexpr int kWidth = 7;  // Of a column.

double Ratio(const Figures& ours, const Figures& reference) {
  return Median(Ratios(ours.rows_per_second, reference.rows_per_second));
}

// The heading of `columns` columns.
void AppendHeading(std::string& line, size_t columns,
                   absl::string_view heading) {
  const int width = kWidth * static_cast<int>(columns);
  absl::StrAppendFormat(&line, " |%*s", width, heading);
}

std::string CellColumns(const Cell& cell, int depth) {
  return absl::StrFormat("%5d %5d %5d |", cell.ids_per_request,
                         cell.num_connections, depth);
}

std::string CellHeading() {
  return absl::StrFormat("%5s %5s %5s |", "ids", "conns", "depth");
}

constexpr char kTwoSpeedsNote[] =
    "* far apart: the machine is busy or, without --pin, the scheduler had\n"
    "caller and server now on one CPU, now on two, which is bare TCP's slow\n"
    "speed. A ratio to such a figure is as uncertain.\n";

// "0.21-0.65*" of million rows/s.
std::string Range(const Series& rows_per_second) {
  // On one CPU with its caller a bare TCP server is two to four times as fast
  // as on another; noise alone is less.
  constexpr double kTwoSpeeds = 1.7;
  const auto [min, max] =
      std::minmax_element(rows_per_second.begin(), rows_per_second.end());
  return absl::StrFormat("%.2f-%.2f%s", *min / 1e6, *max / 1e6,
                         *max > kTwoSpeeds * *min ? "*" : " ");
}

}  // namespace

std::vector<size_t> Report::Places(bool reference) const {
  std::vector<size_t> places;
  for (size_t i = 0; i < contenders_.size(); ++i) {
    if (contenders_[i].is_reference == reference) places.push_back(i);
  }
  return places;
}

std::string Report::RateHead() const {
  std::string upper = absl::StrFormat("%17s", "");
  std::string lower = CellHeading();
  AppendHeading(upper, contenders_.size(), "million rows/s");
  for (const Contender& contender : contenders_) {
    absl::StrAppendFormat(&lower, "%*s", kWidth, contender.peer->name());
  }
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
  return absl::StrCat(upper, "\n", lower, "\n");
}

std::string Report::RateRows(const CellFigures& figures) const {
  std::string rows;
  for (size_t i = 0; i < figures.by_depth.size(); ++i) {
    const std::vector<Figures>& lanes = figures.by_depth[i];
    absl::StrAppend(&rows, CellColumns(figures.cell, figures.cell.depths[i]));
    for (const Figures& lane : lanes) {
      absl::StrAppendFormat(&rows, "%*.3f", kWidth,
                            Median(lane.rows_per_second) / 1e6);
    }
    for (const size_t ours : Places(false)) {
      absl::StrAppend(&rows, " |");
      for (const size_t reference : Places(true)) {
        absl::StrAppendFormat(&rows, "%*.2f", kWidth,
                              Ratio(lanes[ours], lanes[reference]));
      }
    }
    absl::StrAppend(&rows, "\n");
  }
  return rows;
}

std::string Report::CpuTable(absl::Span<const CellFigures> cells) const {
  std::string table = absl::StrFormat("%17s", "");
  AppendHeading(table, contenders_.size(), "server CPU s/million rows");
  absl::StrAppend(&table, " | million rows/s of a slice\n", CellHeading());
  for (const Contender& contender : contenders_) {
    absl::StrAppendFormat(&table, "%*s", kWidth, contender.peer->name());
  }
  absl::StrAppend(&table, " |");
  for (const size_t reference : Places(true)) {
    absl::StrAppendFormat(&table, "%14s ", contenders_[reference].peer->name());
  }
  absl::StrAppend(&table, "\n");
  for (const CellFigures& figures : cells) {
    for (size_t i = 0; i < figures.by_depth.size(); ++i) {
      absl::StrAppend(&table, CellColumns(figures.cell, figures.cell.depths[i]),
                      CpuColumns(figures.by_depth[i]), "\n");
    }
  }
  return table + kTwoSpeedsNote;
}

std::string Report::CpuColumns(absl::Span<const Figures> lanes) const {
  std::string columns;
  for (const Figures& lane : lanes) {
    absl::StrAppendFormat(&columns, "%*.3f", kWidth,
                          lane.server_cpu_per_million_rows);
  }
  absl::StrAppend(&columns, " |");
  for (const size_t reference : Places(true)) {
    absl::StrAppendFormat(&columns, "%15s",
                          Range(lanes[reference].rows_per_second));
  }
  return columns;
}

std::string Report::OtherTable(const NamedSeries& others) {
  std::string table =
      absl::StrFormat("%-34s%12s%12s%12s\n", "", "median", "min", "max");
  for (const auto& [name, series] : others) {
    const auto [min, max] = std::minmax_element(series.begin(), series.end());
    absl::StrAppendFormat(&table, "%-34s%12.4g%12.4g%12.4g\n", name,
                          Median(series), *min, *max);
  }
  return table;
}

}  // namespace emb::bench
