// One check per kind of golden case: runs core on what the case gives and
// compares with what it wants.
#ifndef EMB_TESTS_PARITY_CHECKS_H_
#define EMB_TESTS_PARITY_CHECKS_H_

#include <string>

#include "absl/status/status.h"
#include "tests/parity/golden.h"

namespace emb {

struct Outcome {
  enum Verdict {
    kPassed,
    kFailed,
    kNotImplemented,  // Of a kind that the project has yet to build.
    kNotExpressible,  // A wrong call that our types make impossible.
  };
  Verdict verdict = kFailed;
  std::string why;               // What differs; empty for kPassed.
  bool identical_bytes = false;  // kPassed, init: PyTorch's CRC-32 too.

  static Outcome Of(const absl::Status& status);
  static Outcome NotExpressible() { return {kNotExpressible, "", false}; }
};

// All of them may throw std::exception where a case is malformed.
Outcome CheckInit(const Golden& golden, const Json& test_case);
Outcome CheckRng(const Golden& golden, const Json& test_case);
Outcome CheckLookup(const Golden& golden, const Json& test_case);
Outcome CheckBag(const Golden& golden, const Json& test_case);
Outcome CheckQuant(const Golden& golden, const Json& test_case);
Outcome CheckGain(const Golden& golden, const Json& test_case);
Outcome CheckError(const Golden& golden, const Json& test_case);

}  // namespace emb

#endif  // EMB_TESTS_PARITY_CHECKS_H_
