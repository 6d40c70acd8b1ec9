#include "server/environment.h"

#include <unistd.h>

#include <cstdlib>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "server/flag_definitions.h"
#include "server/flag_names.h"
#include "server/log.h"

namespace emb {
namespace {

// Variables of embctl, the tests and the scripts.
constexpr absl::string_view kOtherVariables[] = {
    "EMB_ADMIN",  "EMB_BIN_DIR",    "EMB_FUZZ_SECONDS", "EMB_GOLDEN_DIR",
    "EMB_SERVER", "EMB_SLOW_BUILD", "EMB_TEST_SEED",    "EMB_TLS_CA"};

}  // namespace

std::string VariableOf(absl::string_view flag_name) {
  return absl::StrCat("EMB_", absl::AsciiStrToUpper(flag_name));
}

absl::optional<std::string> ValueFromEnvironment(absl::string_view flag_name) {
  const char* const value = std::getenv(VariableOf(flag_name).c_str());
  if (value == nullptr) return absl::nullopt;
  return std::string(value);
}

void WarnOfUnknownVariables() {
  const std::vector<std::string> names = ServerFlagNames();
  std::vector<std::string> variables;
  variables.reserve(names.size());
  for (const std::string& name : names) variables.push_back(VariableOf(name));
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const absl::string_view text = *entry;
    const std::string variable(text.substr(0, text.find('=')));
    if (!absl::StartsWith(variable, "EMB_") ||
        absl::c_linear_search(variables, variable) ||
        absl::c_linear_search(kOtherVariables, variable)) {
      continue;
    }
    const std::string nearest = NearestName(variable.substr(4), names);
    Log(LogLevel::kWarning, "unknown_variable",
        {{"variable", variable},
         {"message",
          absl::StrCat(
              "no flag of this server is set by it",
              nearest.empty() ? "" : DidYouMean("", VariableOf(nearest)))}});
  }
}

}  // namespace emb
