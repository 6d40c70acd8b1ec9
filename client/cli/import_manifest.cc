#include "client/cli/import_manifest.h"

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "core/status_macros.h"
#include "nlohmann/json.hpp"

namespace emb {
namespace {

using Json = nlohmann::ordered_json;

// A key of a table's entry. `set` is false where the value is of another type.
struct Key {
  absl::string_view name;
  absl::string_view want;
  std::function<bool(const Json& value, ImportJob& job)> set;
};

bool SetText(const Json& value, std::string& text) {
  if (value.is_string()) text = value.get<std::string>();
  return value.is_string();
}

template <typename Integer>
bool SetInteger(const Json& value, Integer& number) {
  const bool fits = value.is_number_integer() &&
                    (!value.is_number_unsigned() ||
                     value.get<uint64_t>() <= static_cast<uint64_t>(INT64_MAX));
  if (fits) number = value.get<int64_t>();
  return fits;
}

bool SetNumber(const Json& value, std::optional<double>& number) {
  if (value.is_number()) number = value.get<double>();
  return value.is_number();
}

bool SetBool(const Json& value, bool& flag) {
  if (value.is_boolean()) flag = value.get<bool>();
  return value.is_boolean();
}

bool SetPositive(const Json& value, int64_t& number) {
  return SetInteger(value, number) && number > 0;
}

const Key kKeys[] = {
    {"name", "text",
     [](const Json& v, ImportJob& job) { return SetText(v, job.table.name); }},
    {"file", "text",
     [](const Json& v, ImportJob& job) { return SetText(v, job.file); }},
    {"format", "text",
     [](const Json& v, ImportJob& job) { return SetText(v, job.read.format); }},
    {"tensor", "text",
     [](const Json& v, ImportJob& job) {
       return SetText(v, job.read.tensor.emplace());
     }},
    {"tokens", "text",
     [](const Json& v, ImportJob& job) { return SetText(v, job.tokens); }},
    {"rows", "a positive integer",
     [](const Json& v, ImportJob& job) {
       return SetPositive(v, job.read.rows);
     }},
    {"dim", "a positive integer",
     [](const Json& v, ImportJob& job) {
       return SetPositive(v, job.read.dim);
     }},
    {"dtype", "text",
     [](const Json& v, ImportJob& job) {
       job.dtype_given = true;
       return SetText(v, job.table.dtype);
     }},
    {"padding_idx", "an integer",
     [](const Json& v, ImportJob& job) {
       return SetInteger(v, job.table.padding_idx);
     }},
    {"keep_padding_row", "true or false",
     [](const Json& v, ImportJob& job) {
       return SetBool(v, job.keep_padding_row);
     }},
    {"no_padding_idx", "true or false",
     [](const Json& v, ImportJob& job) {
       return SetBool(v, job.no_padding_idx);
     }},
    {"max_norm", "a number",
     [](const Json& v, ImportJob& job) {
       return SetNumber(v, job.table.max_norm);
     }},
    {"norm_type", "a number",
     [](const Json& v, ImportJob& job) {
       return SetNumber(v, job.table.norm_type);
     }},
    {"no_max_norm", "true or false",
     [](const Json& v, ImportJob& job) { return SetBool(v, job.no_max_norm); }},
};

absl::Status Wrong(absl::string_view where, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(where, ": ", what));
}

absl::Status SetKey(const std::string& where, const std::string& name,
                    const Json& value, ImportJob& job) {
  std::string known;
  for (const Key& key : kKeys) {
    absl::StrAppend(&known, known.empty() ? "" : ", ", key.name);
    if (key.name != name) continue;
    if (key.set(value, job)) return absl::OkStatus();
    return Wrong(absl::StrCat(where, ".", name),
                 absl::StrCat(value.dump().substr(0, 64), ", want ", key.want));
  }
  return Wrong(where, absl::StrCat("key \"", name, "\", want some of ", known));
}

std::string BesideManifest(const std::string& manifest,
                           const std::string& file) {
  return std::filesystem::path(manifest).parent_path() / file;
}

absl::StatusOr<ImportJob> ParseJob(const std::string& manifest,
                                   const std::string& where,
                                   const Json& entry) {
  if (!entry.is_object()) return Wrong(where, "want {...}");
  ImportJob job;
  for (const auto& [name, value] : entry.items()) {
    EMB_RETURN_IF_ERROR(SetKey(where, name, value, job));
  }
  if (job.table.name.empty()) return Wrong(where, "want a \"name\"");
  if (job.file.empty()) return Wrong(where, "want a \"file\"");
  job.file = BesideManifest(manifest, job.file);
  if (!job.tokens.empty()) job.tokens = BesideManifest(manifest, job.tokens);
  return job;
}

absl::StatusOr<std::vector<ImportJob>> ParseJobs(const std::string& path,
                                                 const Json& json) {
  if (!json.is_object() || json.size() != 1 || !json.contains("tables") ||
      !json["tables"].is_array() || json["tables"].empty()) {
    return Wrong("manifest", "want {\"tables\": [{...}, ...]}");
  }
  std::vector<ImportJob> jobs;
  std::set<std::string> names;
  for (const Json& entry : json["tables"]) {
    const std::string where = absl::StrCat("tables[", jobs.size(), "]");
    EMB_ASSIGN_OR_RETURN(ImportJob job, ParseJob(path, where, entry));
    if (!names.insert(job.table.name).second) {
      return Wrong(where, absl::StrCat("\"", job.table.name,
                                       "\" is there twice, want it once"));
    }
    jobs.push_back(std::move(job));
  }
  return jobs;
}

}  // namespace

absl::StatusOr<std::vector<ImportJob>> ReadImportManifest(
    const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string text(std::istreambuf_iterator<char>(file), {});
  if (!file.is_open() || file.bad()) {
    return {absl::ErrnoToStatus(errno, absl::StrCat("\"", path, "\""))};
  }
  Json json;
  try {
    json = Json::parse(text);
  } catch (const Json::parse_error& error) {
    return Wrong(absl::StrCat("\"", path, "\""),
                 absl::StrCat("no JSON at byte ", error.byte));
  }
  auto jobs = ParseJobs(path, json);
  if (jobs.ok()) return jobs;
  return Wrong(absl::StrCat("\"", path, "\""), jobs.status().message());
}

bool IsImportManifest(absl::string_view path) {
  return absl::EndsWith(path, ".json");
}

}  // namespace emb
