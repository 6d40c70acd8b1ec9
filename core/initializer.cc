#include "core/initializer.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/types/span.h"
#include "core/status_macros.h"

namespace emb {
namespace {

// A numeric parameter of a scheme: its PyTorch name, where it is kept, and
// PyTorch's default; nullopt: a caller must give it.
struct Param {
  absl::string_view name;
  double Initializer::*member;
  std::optional<double> standard;
};

constexpr Param kMean = {"mean", &Initializer::mean, 0.0};
constexpr Param kStd = {"std", &Initializer::std, 1.0};
constexpr Param kGain = {"gain", &Initializer::gain, 1.0};

constexpr Param kUniformParams[] = {{"a", &Initializer::a, 0.0},
                                    {"b", &Initializer::b, 1.0}};
constexpr Param kNormalParams[] = {kMean, kStd};
constexpr Param kTruncNormalParams[] = {
    kMean, kStd, {"a", &Initializer::a, -2.0}, {"b", &Initializer::b, 2.0}};
constexpr Param kConstantParams[] = {{"val", &Initializer::val, {}}};
constexpr Param kGainParams[] = {kGain};
constexpr Param kKaimingParams[] = {{"a", &Initializer::a, 0.0}};
constexpr Param kSparseParams[] = {{"sparsity", &Initializer::sparsity, {}},
                                   {"std", &Initializer::std, 0.01}};

struct SchemeInfo {
  InitScheme scheme;
  absl::string_view name;
  absl::Span<const Param> params;
  bool kaiming = false;  // Has mode and nonlinearity too.
};

constexpr SchemeInfo kSchemes[] = {
    {InitScheme::kUniform, "uniform", kUniformParams},
    {InitScheme::kNormal, "normal", kNormalParams},
    {InitScheme::kTruncNormal, "trunc_normal", kTruncNormalParams},
    {InitScheme::kConstant, "constant", kConstantParams},
    {InitScheme::kOnes, "ones", {}},
    {InitScheme::kZeros, "zeros", {}},
    {InitScheme::kEye, "eye", {}},
    {InitScheme::kXavierUniform, "xavier_uniform", kGainParams},
    {InitScheme::kXavierNormal, "xavier_normal", kGainParams},
    {InitScheme::kKaimingUniform, "kaiming_uniform", kKaimingParams, true},
    {InitScheme::kKaimingNormal, "kaiming_normal", kKaimingParams, true},
    {InitScheme::kOrthogonal, "orthogonal", kGainParams},
    {InitScheme::kSparse, "sparse", kSparseParams},
};

struct GainInfo {
  absl::string_view nonlinearity;
  double gain;
};

constexpr GainInfo kGains[] = {
    {"linear", 1},           {"conv1d", 1},           {"conv2d", 1},
    {"conv3d", 1},           {"conv_transpose1d", 1}, {"conv_transpose2d", 1},
    {"conv_transpose3d", 1}, {"sigmoid", 1},          {"tanh", 5.0 / 3},
    {"selu", 3.0 / 4},
};

const SchemeInfo& InfoOf(InitScheme scheme) {
  for (const SchemeInfo& info : kSchemes) {
    if (info.scheme == scheme) return info;
  }
  return kSchemes[0];  // Not reached: kSchemes has every scheme.
}

absl::StatusOr<const SchemeInfo*> FindScheme(absl::string_view name) {
  if (name.empty()) name = "normal";
  for (const SchemeInfo& info : kSchemes) {
    if (info.name == name) return &info;
  }
  std::string known;
  for (const SchemeInfo& info : kSchemes) {
    absl::StrAppend(&known, known.empty() ? "" : ", ", info.name);
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "initializer.scheme: \"", name.substr(0, 64), "\", want one of ", known));
}

absl::Status ArgError(absl::string_view name, absl::string_view complaint) {
  return absl::InvalidArgumentError(
      absl::StrCat("initializer.", name.substr(0, 64), ": ", complaint));
}

absl::Status SetMode(absl::string_view mode, Initializer& init) {
  const std::string lower = absl::AsciiStrToLower(mode);  // As PyTorch does.
  if (lower == "fan_in") {
    init.mode = FanMode::kFanIn;
  } else if (lower == "fan_out") {
    init.mode = FanMode::kFanOut;
  } else {
    return ArgError("mode", absl::StrCat("\"", mode.substr(0, 64),
                                         "\", want fan_in or fan_out"));
  }
  return absl::OkStatus();
}

// REQUIRES: the scheme has this argument.
absl::Status SetText(const SchemeInfo& info, absl::string_view name,
                     const std::string& text, Initializer& init) {
  if (info.kaiming && name == "mode") return SetMode(text, init);
  if (info.kaiming && name == "nonlinearity") {
    init.nonlinearity = text;
    return CalculateGain(text, 0).status();
  }
  return ArgError(name,
                  absl::StrCat("\"", text.substr(0, 64), "\", want a number"));
}

// REQUIRES: the scheme has this argument.
absl::Status SetNumber(const SchemeInfo& info, absl::string_view name,
                       double number, Initializer& init) {
  for (const Param& param : info.params) {
    if (param.name != name) continue;
    // A constant may be anything that a float32 can hold.
    const bool constant = info.scheme == InitScheme::kConstant;
    const bool in_range = std::abs(number) <= std::numeric_limits<float>::max();
    if (!in_range && !(constant && !std::isfinite(number))) {
      return ArgError(name,
                      absl::StrCat(number, ", want a finite float32 number"));
    }
    init.*param.member = number;
    return absl::OkStatus();
  }
  return ArgError(name, absl::StrCat(number, ", want a name"));
}

absl::Status CheckBounds(const Initializer& init) {
  if (!(init.a <= init.b)) {
    return ArgError("a", absl::StrCat(init.a, ", want at most b = ", init.b));
  }
  const float width = static_cast<float>(init.b) - static_cast<float>(init.a);
  if (!std::isfinite(width)) {
    return ArgError("b",
                    absl::StrCat(init.b, " - ", init.a, " is beyond float32"));
  }
  return absl::OkStatus();
}

absl::Status CheckAtLeastZero(absl::string_view name, double value) {
  if (value >= 0) return absl::OkStatus();
  return ArgError(name, absl::StrCat(value, ", want at least 0"));
}

absl::Status CheckRanges(const Initializer& init) {
  switch (init.scheme) {
    case InitScheme::kUniform:
      return CheckBounds(init);
    case InitScheme::kNormal:
      return CheckAtLeastZero("std", init.std);
    case InitScheme::kTruncNormal:
      if (init.std <= 0) {
        return ArgError("std", absl::StrCat(init.std, ", want more than 0"));
      }
      return CheckBounds(init);
    case InitScheme::kXavierUniform:
    case InitScheme::kXavierNormal:
      return CheckAtLeastZero("gain", init.gain);
    case InitScheme::kSparse:
      EMB_RETURN_IF_ERROR(CheckAtLeastZero("sparsity", init.sparsity));
      return CheckAtLeastZero("std", init.std);
    default:
      return absl::OkStatus();
  }
}

std::vector<absl::string_view> ArgNames(const SchemeInfo& info) {
  std::vector<absl::string_view> names;
  for (const Param& param : info.params) names.push_back(param.name);
  if (info.kaiming) names.insert(names.end(), {"mode", "nonlinearity"});
  return names;
}

bool HasArg(const SchemeInfo& info, absl::string_view name) {
  const std::vector<absl::string_view> names = ArgNames(info);
  return std::find(names.begin(), names.end(), name) != names.end();
}

absl::Status UnknownArg(const SchemeInfo& info, absl::string_view name) {
  const std::vector<absl::string_view> names = ArgNames(info);
  return ArgError(
      name,
      names.empty()
          ? absl::StrCat(info.name, " has no such argument, it takes none")
          : absl::StrCat(info.name, " has no such argument, want ",
                         absl::StrJoin(names, ", ")));
}

// Unknown names come before missing ones, which are often the same mistake.
absl::Status CheckNames(const SchemeInfo& info, const InitArgs& args) {
  constexpr size_t kArgsMax = 8;  // More than any scheme has.
  if (args.size() > kArgsMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("initializer.args: there are ", args.size(),
                     ", want at most ", kArgsMax));
  }
  for (size_t i = 0; i < args.size(); ++i) {
    if (!HasArg(info, args[i].first)) return UnknownArg(info, args[i].first);
    for (size_t j = 0; j < i; ++j) {
      if (args[i].first == args[j].first) {
        return ArgError(args[i].first, "given twice");
      }
    }
  }
  for (const Param& param : info.params) {
    bool given = false;
    for (const auto& [name, value] : args) given |= name == param.name;
    if (!param.standard && !given) {
      return ArgError(param.name,
                      absl::StrCat("missing, ", info.name, " needs it"));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Initializer> ParseInitializer(absl::string_view scheme,
                                             const InitArgs& args) {
  EMB_ASSIGN_OR_RETURN(const SchemeInfo* const info, FindScheme(scheme));
  EMB_RETURN_IF_ERROR(CheckNames(*info, args));
  Initializer init;
  init.scheme = info->scheme;
  for (const Param& param : info->params) {
    init.*param.member = param.standard.value_or(0.0);
  }
  for (const auto& [name, value] : args) {
    if (const auto* const number = std::get_if<double>(&value)) {
      EMB_RETURN_IF_ERROR(SetNumber(*info, name, *number, init));
    } else {
      EMB_RETURN_IF_ERROR(
          SetText(*info, name, std::get<std::string>(value), init));
    }
  }
  EMB_RETURN_IF_ERROR(CheckRanges(init));
  return init;
}

absl::string_view InitSchemeName(InitScheme scheme) {
  return InfoOf(scheme).name;
}

InitArgs InitializerArgs(const Initializer& initializer) {
  const SchemeInfo& info = InfoOf(initializer.scheme);
  InitArgs args;
  for (const Param& param : info.params) {
    args.emplace_back(std::string(param.name), initializer.*param.member);
  }
  if (info.kaiming) {
    args.emplace_back(
        "mode", initializer.mode == FanMode::kFanIn ? "fan_in" : "fan_out");
    args.emplace_back("nonlinearity", initializer.nonlinearity);
  }
  return args;
}

absl::StatusOr<double> CalculateGain(absl::string_view nonlinearity,
                                     double param) {
  if (nonlinearity == "relu") return std::sqrt(2.0);
  if (nonlinearity == "leaky_relu") {
    return std::sqrt(2.0 / (1 + param * param));
  }
  for (const GainInfo& info : kGains) {
    if (info.nonlinearity == nonlinearity) return info.gain;
  }
  return ArgError("nonlinearity",
                  absl::StrCat("\"", nonlinearity.substr(0, 64),
                               "\" is not known to calculate_gain"));
}

}  // namespace emb
