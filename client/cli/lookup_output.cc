#include "client/cli/lookup_output.h"

#include <cstddef>
#include <ostream>
#include <variant>
#include <vector>

#include "absl/strings/str_join.h"
#include "client/cli/json_values.h"
#include "client/cli/npy_file.h"
#include "client/cli/output.h"
#include "core/status_macros.h"
#include "nlohmann/json.hpp"

namespace emb {
namespace {

constexpr char kStandardOutput[] = "-";

// Positions of the missing ids.
std::vector<size_t> MissingOf(const FeatureResult& rows) {
  std::vector<size_t> positions;
  for (size_t i = 0; i < rows.missing.size() * 8; ++i) {
    if ((rows.missing[i / 8] >> i % 8 & 1) != 0) positions.push_back(i);
  }
  return positions;
}

// All about the answer but its values.
nlohmann::ordered_json HeadOf(const Feature& feature,
                              const LookupResult& result) {
  const FeatureResult& rows = result.feature(0);
  nlohmann::ordered_json head = {{"table", feature.table},
                                 {"version", rows.version},
                                 {"revision", rows.revision},
                                 {"epoch", result.epoch()},
                                 {"shape", rows.shape}};
  if (std::holds_alternative<Pad>(feature.combine)) {
    head["lengths"] = rows.lengths;
  }
  if (feature.zeros_for_missing) head["missing"] = MissingOf(rows);
  return head;
}

// One object: the head from the JSON library, the values by our own writer,
// which knows float32.
void PrintResult(const nlohmann::ordered_json& head, const FeatureResult& rows,
                 const Session& session) {
  std::string text = JsonLine(head);
  text.resize(text.size() - 2);  // The closing brace and the newline.
  session.out << text << ",\"values\":"
              << JsonValues(rows.shape, rows.values(), !session.json) << "}\n";
}

}  // namespace

absl::Status CheckLookupOutput(const std::string& out, const Session& session) {
  if (out != kStandardOutput) return absl::OkStatus();
  if (session.json) {
    return absl::InvalidArgumentError("--out -, --json: want only one");
  }
  if (session.out_is_terminal) {
    return absl::InvalidArgumentError(
        "--out -: the standard output is a terminal, want a file or a pipe");
  }
  return absl::OkStatus();
}

absl::Status PutLookup(const Feature& feature, const LookupResult& result,
                       const std::string& out, const Session& session) {
  const FeatureResult& rows = result.feature(0);
  nlohmann::ordered_json head = HeadOf(feature, result);
  if (out.empty()) {
    PrintResult(head, rows, session);
    return absl::OkStatus();
  }
  if (out == kStandardOutput) {
    WriteFloats(rows.shape, rows.values(), session.out);
    return absl::OkStatus();
  }
  EMB_RETURN_IF_ERROR(WriteFloatFile(out, rows.shape, rows.values()));
  if (session.json) {
    head["file"] = out;
    session.out << JsonLine(head);
  } else {
    session.out << "wrote float32 (" << absl::StrJoin(rows.shape, ", ")
                << ") to " << out << "\n";
  }
  return absl::OkStatus();
}

}  // namespace emb
