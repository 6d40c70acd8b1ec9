#include "bench/peers/figures_file.h"

#include <algorithm>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"

namespace emb::bench {
namespace {

using nlohmann::json;

bool IsObjectOf(const json& object, bool (*is_value)(const json&)) {
  return object.is_object() &&
         std::all_of(object.begin(), object.end(), is_value);
}

bool IsNumber(const json& value) { return value.is_number(); }

// An empty one is that of something left out.
bool IsSeries(const json& value) {
  return value.is_array() && std::all_of(value.begin(), value.end(), IsNumber);
}

bool IsReason(const json& value) { return value.is_string(); }

}  // namespace

absl::Status ReadFigures(const std::string& path, NamedSeries& all,
                         std::map<std::string, std::string>& left_out) {
  std::ifstream file(path);
  const json figures = json::parse(file, nullptr, /*allow_exceptions=*/false);
  if (!figures.is_object() || !figures.contains("series") ||
      !figures.contains("left_out") ||
      !IsObjectOf(figures["series"], IsSeries) ||
      !IsObjectOf(figures["left_out"], IsReason)) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": no series and reasons"));
  }
  for (const auto& [name, series] : figures["series"].items()) {
    if (!series.empty()) all[name] = series.get<Series>();
  }
  for (const auto& [name, reason] : figures["left_out"].items()) {
    left_out[name] = reason.get<std::string>();
  }
  return absl::OkStatus();
}

}  // namespace emb::bench
