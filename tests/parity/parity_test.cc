// Runs every golden case against core, prints a line per kind, and exits 0 if
// none failed.
//
//   EMB_GOLDEN_DIR=tests/golden/torch build/release/bin/parity_test
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <iterator>
#include <string>

#include "tests/parity/checks.h"
#include "tests/parity/golden.h"

namespace emb {

Outcome Outcome::Of(const absl::Status& status) {
  if (status.ok()) return {kPassed, "", false};
  return {kFailed, std::string(status.message()), false};
}

namespace {

constexpr int kExitFailed = 1;
constexpr int kExitUnreadable = 2;

struct Kind {
  const char* name;
  Outcome (*check)(const Golden&, const Json&);  // Null: not implemented.
};

constexpr Kind kKinds[] = {
    {"init", CheckInit},   {"rng", CheckRng},     {"lookup", CheckLookup},
    {"bag", CheckBag},     {"quant", CheckQuant}, {"gain", CheckGain},
    {"error", CheckError}, {"grad", nullptr},     {"update", nullptr},
};

struct Counts {
  int by_verdict[4] = {};
  int identical_bytes = 0;

  void Add(const Outcome& outcome) {
    ++by_verdict[outcome.verdict];
    if (outcome.identical_bytes) ++identical_bytes;
  }
};

Outcome Check(const Golden& golden, const Json& test_case) {
  try {
    for (const Kind& kind : kKinds) {
      if (test_case.at("kind") != kind.name) continue;
      if (kind.check != nullptr) return kind.check(golden, test_case);
      return {Outcome::kNotImplemented, "", false};
    }
    return {Outcome::kFailed, "unknown kind", false};
  } catch (const std::exception& error) {
    return {Outcome::kFailed, std::string("malformed: ") + error.what(), false};
  }
}

std::string TextOf(const Json& test_case, const char* field) {
  const auto found = test_case.find(field);
  return found != test_case.end() && found->is_string()
             ? found->get<std::string>()
             : "?";
}

void Print(const char* name, const Counts& counts) {
  std::printf(
      "%-7s %3d passed, %d failed, %d not implemented, %d not expressible\n",
      name, counts.by_verdict[Outcome::kPassed],
      counts.by_verdict[Outcome::kFailed],
      counts.by_verdict[Outcome::kNotImplemented],
      counts.by_verdict[Outcome::kNotExpressible]);
}

int Run(const std::string& directory) {
  const auto golden = Golden::Read(directory);
  if (!golden.ok()) {
    std::fprintf(stderr, "parity_test: %s\n",
                 golden.status().ToString().c_str());
    return kExitUnreadable;
  }
  Counts counts[std::size(kKinds)];
  Counts total;
  for (const Json& test_case : golden->cases()) {
    const Outcome outcome = Check(*golden, test_case);
    const std::string kind_name = TextOf(test_case, "kind");
    total.Add(outcome);
    for (size_t i = 0; i < std::size(kKinds); ++i) {
      if (kind_name == kKinds[i].name) counts[i].Add(outcome);
    }
    if (outcome.verdict == Outcome::kFailed) {
      std::printf("FAILED  %s: %s\n", TextOf(test_case, "id").c_str(),
                  outcome.why.c_str());
    }
  }
  for (size_t i = 0; i < std::size(kKinds); ++i) {
    Print(kKinds[i].name, counts[i]);
  }
  Print("total", total);
  std::printf("init: %d matrices have PyTorch's very bytes\n",
              counts[0].identical_bytes);
  return total.by_verdict[Outcome::kFailed] == 0 ? EXIT_SUCCESS : kExitFailed;
}

}  // namespace
}  // namespace emb

int main() {
  const char* const directory = std::getenv("EMB_GOLDEN_DIR");
  return emb::Run(directory != nullptr ? directory : EMB_DEFAULT_GOLDEN_DIR);
}
