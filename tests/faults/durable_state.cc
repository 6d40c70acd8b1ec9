#include "tests/faults/durable_state.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/types/span.h"
#include "storage/digest.h"
#include "tests/testing/make_table.h"

namespace emb {
namespace {

absl::StatusOr<std::vector<float>> Export(const Client& client,
                                          const TableInfo& info) {
  std::vector<float> elements;
  uint64_t revision = 0;
  ExportSink sink;
  sink.begin = [&](const TableInfo& table) {
    revision = table.revision;
    return absl::OkStatus();
  };
  sink.rows = [&](absl::Span<const std::byte> rows) {
    const size_t size = elements.size();
    elements.resize(size + rows.size() / sizeof(float));
    std::memcpy(elements.data() + size, rows.data(), rows.size());
    return absl::OkStatus();
  };
  ExportOptions options;
  options.version = info.version;
  const auto table = client.ExportTable(info.options.name, sink, options);
  if (!table.ok()) return table.status();
  if (revision == info.revision) return elements;
  return absl::InternalError(
      absl::StrCat(info.options.name, "@", info.version, ": revision ",
                   info.revision, " is listed and ", revision, " exported"));
}

absl::StatusOr<std::vector<SeenVersion>> ReadVersions(const Client& client,
                                                      int64_t table) {
  std::vector<SeenVersion> seen;
  const auto listed = client.ListVersions(TableName(table));
  if (absl::IsNotFound(listed.status())) return seen;
  if (!listed.ok()) return listed.status();
  for (const TableInfo& info : *listed) {
    auto elements = Export(client, info);
    if (!elements.ok()) return elements.status();
    seen.push_back({info, *std::move(elements)});
  }
  return seen;
}

std::vector<const SeenVersion*> CurrentOnes(const SeenTables& seen) {
  std::vector<const SeenVersion*> current;
  for (const auto& [table, versions] : seen) {
    for (const SeenVersion& version : versions) {
      if (version.info.current) current.push_back(&version);
    }
  }
  return current;
}

// Whether a lookup of all current versions finds what was exported.
absl::Status CheckLookup(const Client& client, const SeenTables& seen) {
  const std::vector<const SeenVersion*> current = CurrentOnes(seen);
  if (current.empty()) return absl::OkStatus();
  LookupRequest request;
  for (const SeenVersion* version : current) {
    Feature& feature = request.features.emplace_back();
    feature.table = version->info.options.name;
    feature.ids.resize(version->elements.size() / kDim);
    std::iota(feature.ids.begin(), feature.ids.end(), 0);
  }
  const auto result = client.Lookup(request);
  if (!result.ok()) return result.status();
  for (size_t i = 0; i < current.size(); ++i) {
    const FeatureResult& found = result->feature(i);
    const TableInfo& info = current[i]->info;
    if (found.version != info.version || found.revision != info.revision ||
        found.values() != absl::MakeConstSpan(current[i]->elements)) {
      return absl::InternalError(absl::StrCat(
          info.options.name, "@", info.version, " revision ", info.revision,
          ": a lookup finds other rows, or version ", found.version,
          " revision ", found.revision));
    }
  }
  return absl::OkStatus();
}

std::string DigestOf(const std::vector<float>& elements) {
  const auto num_rows = static_cast<int64_t>(elements.size()) / kDim;
  TableDigester digester(num_rows, kDim, DType::kFloat32);
  digester.Update(AsBytes(elements));
  return DigestToHex(digester.Finish());
}

// Each row begins with four elements that say all there is to say.
std::string Describe(const std::vector<float>& elements, size_t row) {
  const auto first = absl::MakeConstSpan(elements).subspan(row * kDim, 4);
  return absl::StrCat("[", absl::StrJoin(first, " "), " ...]");
}

std::string RowsDifference(const std::vector<float>& seen,
                           const std::vector<float>& want) {
  if (seen.size() != want.size()) {
    return absl::StrCat(seen.size() / kDim, " rows, want ", want.size() / kDim);
  }
  const auto found = std::mismatch(seen.begin(), seen.end(), want.begin());
  if (found.first == seen.end()) return "";
  const auto row = static_cast<size_t>(found.first - seen.begin()) / kDim;
  return absl::StrCat("row ", row, " is ", Describe(seen, row), ", want ",
                      Describe(want, row));
}

std::string VersionDifference(const SeenVersion& seen,
                              const std::vector<float>& elements,
                              const VersionState& want, bool current) {
  const TableInfo& info = seen.info;
  if (!info.state.ok()) return info.state.ToString();
  if (info.revision != want.revision) {
    return absl::StrCat("revision ", info.revision, ", want ", want.revision);
  }
  const std::string rows = RowsDifference(seen.elements, elements);
  if (!rows.empty()) return rows;
  if (info.initialized != want.created) return "made in another way";
  // Only what was updated and is on disk alone has no digest at hand.
  const bool unknown = want.revision > 0 && !current && info.digest.empty();
  const std::string digest = DigestOf(elements);
  if (info.digest == digest || unknown) return "";
  return absl::StrCat("digest ", info.digest, ", want ", digest);
}

// Of all versions, such as "1 2* 3", where 2 is current.
std::string Describe(const std::vector<SeenVersion>& versions) {
  return absl::StrJoin(versions, " ",
                       [](std::string* text, const SeenVersion& version) {
                         absl::StrAppend(text, version.info.version,
                                         version.info.current ? "*" : "");
                       });
}

std::string Describe(const TableState& state) {
  return absl::StrJoin(
      state.versions, " ", [&](std::string* text, const auto& version) {
        const bool current = version.first == state.current;
        absl::StrAppend(text, version.first, current ? "*" : "");
      });
}

std::string TableDifference(int64_t table, const std::vector<SeenVersion>& seen,
                            const TableState& want) {
  if (Describe(seen) != Describe(want)) {
    return absl::StrCat(TableName(table), ": versions \"", Describe(seen),
                        "\", want \"", Describe(want), "\"");
  }
  for (const SeenVersion& version : seen) {
    const uint64_t number = version.info.version;
    const VersionState& state = *want.versions.at(number);
    const std::string difference =
        VersionDifference(version, ElementsOf(table, number, state), state,
                          number == want.current);
    if (!difference.empty()) {
      return absl::StrCat(TableName(table), "@", number, ": ", difference);
    }
  }
  return "";
}

}  // namespace

std::string TableName(int64_t table) { return absl::StrCat("t", table); }

void AppendRow(int64_t table, uint64_t version, int64_t row, float change,
               std::vector<float>& elements) {
  const float of_row[] = {change, static_cast<float>(table),
                          static_cast<float>(version), static_cast<float>(row)};
  for (int64_t i = 0; i < kDim; ++i) {
    elements.push_back(change < 0 ? change : of_row[i % 4]);
  }
}

std::vector<float> ElementsOf(int64_t table, uint64_t version,
                              const VersionState& state) {
  std::vector<float> elements;
  elements.reserve(state.changes.size() * kDim);
  for (size_t row = 0; row < state.changes.size(); ++row) {
    AppendRow(table, version, static_cast<int64_t>(row), state.changes[row],
              elements);
  }
  return elements;
}

absl::StatusOr<SeenTables> ReadTables(const Client& client,
                                      const std::vector<int64_t>& tables) {
  SeenTables seen;
  for (const int64_t table : tables) {
    auto versions = ReadVersions(client, table);
    if (!versions.ok()) return versions.status();
    seen[table] = *std::move(versions);
  }
  const absl::Status looked_up = CheckLookup(client, seen);
  if (!looked_up.ok()) return looked_up;
  return seen;
}

std::string DifferenceOf(const SeenTables& seen, const TableStates& want) {
  for (const auto& [table, versions] : seen) {
    const auto found = want.find(table);
    const std::string difference = TableDifference(
        table, versions, found == want.end() ? TableState() : found->second);
    if (!difference.empty()) return difference;
  }
  return "";
}

}  // namespace emb
