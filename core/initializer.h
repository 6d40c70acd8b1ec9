// How a new table is filled: a scheme of torch.nn.init with its parameters.
//
// For a [num_rows, dim] weight, fan_in is dim and fan_out is num_rows.
// Source: torch.nn.init. Same bytes as its CPU code (core/torch_mt19937.h).
#ifndef EMB_CORE_INITIALIZER_H_
#define EMB_CORE_INITIALIZER_H_

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace emb {

enum class InitScheme {
  kUniform,
  kNormal,
  kTruncNormal,
  kConstant,
  kOnes,
  kZeros,
  kEye,
  kXavierUniform,
  kXavierNormal,
  kKaimingUniform,
  kKaimingNormal,
  kOrthogonal,
  kSparse,
};

enum class FanMode { kFanIn, kFanOut };

// A parameter as a caller names it: "gain" and 1.0, "mode" and "fan_in".
using InitArgValue = std::variant<double, std::string>;
using InitArgs = std::vector<std::pair<std::string, InitArgValue>>;

// A scheme with all its parameters. Those that its scheme does not have are
// at their defaults and mean nothing.
//
// Invariant, kept by ParseInitializer: every parameter is in its range.
struct Initializer {
  InitScheme scheme = InitScheme::kNormal;
  double a = 0;         // uniform, trunc_normal: lower bound; kaiming: slope of
                        // leaky_relu.
  double b = 1;         // uniform, trunc_normal: upper bound (one that rounding
                        // can reach).
  double mean = 0;      // normal, trunc_normal.
  double std = 1;       // normal, sparse: >= 0; trunc_normal: > 0.
  double val = 0;       // constant.
  double gain = 1;      // xavier: >= 0; orthogonal.
  double sparsity = 0;  // sparse: share of zeros in a column, >= 0.
  FanMode mode = FanMode::kFanIn;           // kaiming.
  std::string nonlinearity = "leaky_relu";  // kaiming.
};

// Builds an Initializer from the names a caller uses. An empty scheme is
// normal; arguments left out have PyTorch's defaults.
//
// Errors   INVALID_ARGUMENT  unknown scheme or argument, an argument given
//                            twice, of the wrong type or missing (constant's
//                            val, sparse's sparsity), NaN or beyond float32,
//                            a > b, std < 0, sparsity < 0, unknown mode or
//                            nonlinearity.
absl::StatusOr<Initializer> ParseInitializer(absl::string_view scheme,
                                             const InitArgs& args);

// torch.nn.init's name without the underscore at its end.
absl::string_view InitSchemeName(InitScheme scheme);

// All arguments of the scheme, defaults included, such that
// ParseInitializer(InitSchemeName(i.scheme), InitializerArgs(i)) gives i.
InitArgs InitializerArgs(const Initializer& initializer);

// torch.nn.init.calculate_gain for `nonlinearity`; `param` is the negative
// slope of leaky_relu. INVALID_ARGUMENT for an unknown nonlinearity.
absl::StatusOr<double> CalculateGain(absl::string_view nonlinearity,
                                     double param);

}  // namespace emb

#endif  // EMB_CORE_INITIALIZER_H_
