// Tables as text for people and as JSON for programs.
#ifndef EMB_CLIENT_CLI_OUTPUT_H_
#define EMB_CLIENT_CLI_OUTPUT_H_

#include <string>
#include <vector>

#include "emb/types.h"
#include "nlohmann/json_fwd.hpp"

namespace emb {

// One line of JSON with its newline; bytes that are not UTF-8 are replaced.
std::string JsonLine(const nlohmann::ordered_json& json);

// Everything about a table; absent values are null. NaN and infinities,
// which JSON does not have, are the strings of AppendJsonFloat.
nlohmann::ordered_json TableJson(const TableInfo& table);
// The same, one aligned line a value.
std::string DescribeTable(const TableInfo& table);
// What an import changed, or kept without being told, of the version before:
// rows, padding_idx and max_norm, an indented line each; those that neither
// version has are left out.
std::string DescribeNextVersion(const TableInfo& before,
                                const TableInfo& after);
// One aligned line a table, with a heading.
std::string ListTables(const std::vector<TableInfo>& tables);

// One aligned line a version of a table, with a heading.
std::string ListVersions(const std::vector<TableInfo>& versions);

}  // namespace emb

#endif  // EMB_CLIENT_CLI_OUTPUT_H_
