#include "client/cli/output.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/cli/text.h"
#include "nlohmann/json.hpp"

namespace emb {
namespace {

using Json = nlohmann::ordered_json;

// The JSON library would write NaN and infinities as null.
Json JsonOf(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  return value;
}
Json JsonOf(int64_t value) { return value; }
Json JsonOf(const std::string& value) { return value; }

template <typename T>
Json OrNull(const std::optional<T>& value) {
  return value.has_value() ? JsonOf(*value) : Json(nullptr);
}

Json InitializerJson(const TableInfo& table) {
  if (!table.initialized) return nullptr;
  Json args = Json::object();
  for (const auto& [name, value] : table.options.initializer.args) {
    std::visit([&, &key = name](const auto& v) { args[key] = JsonOf(v); },
               value);
  }
  return {{"scheme", table.options.initializer.scheme}, {"args", args}};
}

// The shortest decimal that gives back the same number.
std::string TextOf(double value) {
  char text[32];
  const auto end = std::to_chars(text, text + sizeof(text), value).ptr;
  return {text, end};
}
std::string TextOf(const std::string& value) { return value; }

// "kaiming_normal(a=0, mode=fan_in, nonlinearity=relu)", or "imported".
std::string InitializerText(const TableInfo& table) {
  if (!table.initialized) return "imported";
  const InitializerSpec& init = table.options.initializer;
  std::string args;
  for (const auto& [name, value] : init.args) {
    std::visit(
        [&, &key = name](const auto& v) {
          absl::StrAppend(&args, args.empty() ? "" : ", ", key, "=", TextOf(v));
        },
        value);
  }
  return absl::StrCat(init.scheme, "(", args, ")");
}

std::string StateText(const TableInfo& table) {
  if (!table.state.ok()) return "damaged";
  if (!table.current && !table.in_memory) return "on disk";
  return "serving";
}

// "current, pinned".
std::string VersionStateText(const TableInfo& version) {
  if (!version.state.ok()) return StateText(version);
  std::string text = version.current ? "current" : "";
  if (version.pinned)
    absl::StrAppend(&text, text.empty() ? "" : ", ", "pinned");
  return text.empty() ? "on disk" : text;
}

std::string PaddingText(const TableInfo& table) {
  if (!table.options.padding_idx) return "none";
  return absl::StrCat(*table.options.padding_idx,
                      table.keep_padding_row ? " (row kept as imported)" : "");
}

std::string NormText(const TableInfo& table) {
  if (!table.options.max_norm) return "none";
  return absl::StrCat(TextOf(*table.options.max_norm),
                      ", p = ", TextOf(table.options.norm_type.value_or(2)));
}

Json ErrorJson(const TableInfo& table) {
  if (!table.quantization_error) return nullptr;
  return {{"max_abs", JsonOf(table.quantization_error->max_abs)},
          {"rms", JsonOf(table.quantization_error->rms)}};
}

// "at most 0.0021, rms 0.00058".
std::string ErrorText(const TableError& error) {
  return absl::StrFormat("at most %.3g, rms %.3g", error.max_abs, error.rms);
}

// "2.6 MiB (2,689,792 bytes)".
std::string BytesText(int64_t bytes) {
  if (bytes < 1'024) return HumanBytes(bytes);
  return absl::StrCat(HumanBytes(bytes), " (", WithCommas(bytes), " bytes)");
}

}  // namespace

std::string JsonLine(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Json TableJson(const TableInfo& table) {
  const TableOptions& options = table.options;
  return {{"name", options.name},
          {"rows", options.num_rows},
          {"dim", options.dim},
          {"dtype", ElementTypeName(options.dtype)},
          {"quantization_error", ErrorJson(table)},
          {"padding_idx", OrNull(options.padding_idx)},
          {"keep_padding_row", table.keep_padding_row},
          {"max_norm", OrNull(options.max_norm)},
          {"norm_type", OrNull(options.norm_type)},
          {"initializer", InitializerJson(table)},
          {"seed", table.initialized ? Json(options.seed) : Json(nullptr)},
          {"version", table.version},
          {"current", table.current},
          {"pinned", table.pinned},
          {"revision", table.revision},
          {"digest", table.digest},
          {"bytes", table.data_bytes},
          {"created_at", TimeText(table.created_at)},
          {"state", StateText(table)},
          {"state_message", std::string(table.state.message())}};
}

std::string DescribeTable(const TableInfo& table) {
  const TableOptions& options = table.options;
  Lines lines = {{"name", options.name},
                 {"rows", WithCommas(options.num_rows)},
                 {"dim", absl::StrCat(options.dim)},
                 {"dtype", ElementTypeName(options.dtype)}};
  if (table.quantization_error) {
    lines.emplace_back("error", ErrorText(*table.quantization_error));
  }
  lines.insert(lines.end(), {{"padding_idx", PaddingText(table)},
                             {"max_norm", NormText(table)},
                             {"initializer", InitializerText(table)}});
  if (table.initialized) {
    lines.emplace_back("seed", absl::StrCat(options.seed));
  }
  lines.insert(lines.end(), {{"version", absl::StrCat(table.version)},
                             {"revision", absl::StrCat(table.revision)},
                             {"digest", table.digest},
                             {"size", BytesText(table.data_bytes)},
                             {"created", TimeText(table.created_at)},
                             {"state", StateText(table)}});
  if (!table.state.ok()) {
    lines.emplace_back("", std::string(table.state.message()));
  }
  return Aligned(lines);
}

std::string DescribeNextVersion(const TableInfo& before,
                                const TableInfo& after) {
  std::string text;
  const auto append = [&text](absl::string_view what, const std::string& was,
                              const std::string& is) {
    if (was == is) {
      absl::StrAppend(&text, "  ", what, ": ", is, ", as before\n");
    } else {
      absl::StrAppend(&text, "  ", what, ": ", is, ", before: ", was, "\n");
    }
  };
  if (before.options.num_rows != after.options.num_rows) {
    append("rows", WithCommas(before.options.num_rows),
           WithCommas(after.options.num_rows));
  }
  if (before.options.padding_idx || after.options.padding_idx) {
    append("padding_idx", PaddingText(before), PaddingText(after));
  }
  if (before.options.max_norm || after.options.max_norm) {
    append("max_norm", NormText(before), NormText(after));
  }
  return text;
}

std::string ListTables(const std::vector<TableInfo>& tables) {
  Grid grid = {{"NAME", "ROWS", "DIM", "DTYPE", "VERSION", "SIZE", "STATE"}};
  for (const TableInfo& table : tables) {
    grid.push_back({table.options.name, WithCommas(table.options.num_rows),
                    absl::StrCat(table.options.dim),
                    ElementTypeName(table.options.dtype),
                    absl::StrCat(table.version), HumanBytes(table.data_bytes),
                    StateText(table)});
  }
  return Aligned(grid, {1, 2, 4, 5});
}

std::string ListVersions(const std::vector<TableInfo>& versions) {
  Grid grid = {{"VERSION", "ROWS", "DTYPE", "SIZE", "REVISION", "CREATED",
                "DIGEST", "STATE"}};
  for (const TableInfo& version : versions) {
    grid.push_back(
        {absl::StrCat(version.version), WithCommas(version.options.num_rows),
         ElementTypeName(version.options.dtype), HumanBytes(version.data_bytes),
         absl::StrCat(version.revision), TimeText(version.created_at),
         version.digest, VersionStateText(version)});
  }
  return Aligned(grid, {0, 1, 3, 4});
}

}  // namespace emb
