// Initialisers, the generator's streams, gains.
#include <zlib.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "core/fill.h"
#include "core/initializer.h"
#include "core/status_macros.h"
#include "core/table_spec.h"
#include "tests/parity/checks.h"
#include "tests/parity/init_args.h"

namespace emb {
namespace {

// From this size on the normal family has PyTorch's bytes; below, the C
// library may differ in the last bit.
constexpr int64_t kBlockNormal = 16;

TorchMt19937 GeneratorOf(const Json& test_case) {
  uint64_t seed = 0;
  const auto text = test_case.at("seed").get<std::string>();
  if (!absl::SimpleAtoi(text, &seed)) throw std::runtime_error("no seed");
  return TorchMt19937(seed);
}

absl::Status CheckNextDraw(const Json& test_case, TorchMt19937& generator) {
  const uint32_t want = test_case.at("next_u24").get<uint32_t>();
  const uint32_t got = generator.Next() & 0xFFFFFFU;
  if (got == want) return absl::OkStatus();
  return absl::InternalError(absl::StrCat("next draw ", got, ", want ", want));
}

// The scheme "embedding" is what nn.Embedding does: a standard normal fill,
// then the padding row set to zero.
absl::StatusOr<TableSpec> SpecOf(const Json& test_case) {
  TableSpec spec;
  spec.name = "golden";
  spec.num_rows = test_case.at("rows").get<int64_t>();
  spec.dim = test_case.at("cols").get<int64_t>();
  const auto scheme = test_case.at("scheme").get<std::string>();
  const Json& args = test_case.at("args");
  if (scheme == "embedding") {
    spec.initializer = Initializer{};
    const Json& padding_idx = args.at("padding_idx");
    if (!padding_idx.is_null()) spec.padding_idx = padding_idx.get<int64_t>();
  } else {
    EMB_ASSIGN_OR_RETURN(spec.initializer,
                         ParseInitializer(scheme, InitArgsOf(args)));
  }
  return MakeTableSpec(spec);
}

template <typename T>
std::vector<T> Fill(const TableSpec& spec, TorchMt19937& generator) {
  std::vector<T> matrix;
  const auto append = [&](int64_t, absl::Span<const T> values) {
    matrix.insert(matrix.end(), values.begin(), values.end());
  };
  FillMatrix<T>(*spec.initializer, spec.num_rows, spec.dim, generator,
                {append});
  if (const auto row = spec.zero_row(); row.has_value()) {
    std::fill_n(matrix.begin() + *row * spec.dim, spec.dim, T{0});
  }
  return matrix;
}

std::vector<float> Elements(const Golden& golden, const Json& ref, float) {
  return golden.Floats(ref);
}

std::vector<double> Elements(const Golden& golden, const Json& ref, double) {
  return golden.Doubles(ref);
}

template <typename T>
absl::Status CompareMatrix(const Golden& golden, const Json& test_case,
                           const std::vector<T>& matrix) {
  const Json& out = test_case.at("out");
  const Json& cmp = test_case.at("cmp");
  if (out.contains("weight")) {
    return Compare(cmp, matrix, Elements(golden, out.at("weight"), T{}));
  }
  std::vector<T> sample;
  for (const int64_t index : golden.Ints(out.at("sample_index"))) {
    sample.push_back(matrix.at(static_cast<size_t>(index)));
  }
  return Compare(cmp, sample, Elements(golden, out.at("sample_value"), T{}));
}

template <typename T>
uint32_t Crc32Of(const std::vector<T>& values) {
  return static_cast<uint32_t>(
      crc32(0, reinterpret_cast<const unsigned char*>(values.data()),
            static_cast<unsigned>(values.size() * sizeof(T))));
}

// Whether the project promises PyTorch's very bytes (docs/pytorch.md).
template <typename T>
bool PromisesSameBytes(const Json& test_case, const TableSpec& spec) {
  if (test_case.at("cmp").at("mode") == "bits") return true;
  if (sizeof(T) != sizeof(float)) return false;
  switch (spec.initializer->scheme) {
    case InitScheme::kOrthogonal:
    case InitScheme::kTruncNormal:
      return false;
    default:
      return spec.num_rows * spec.dim >= kBlockNormal;
  }
}

template <typename T>
Outcome CheckInitOf(const Golden& golden, const Json& test_case) {
  const absl::StatusOr<TableSpec> spec = SpecOf(test_case);
  if (!spec.ok()) return Outcome::Of(spec.status());
  TorchMt19937 generator = GeneratorOf(test_case);
  const std::vector<T> matrix = Fill<T>(*spec, generator);
  absl::Status status = CompareMatrix(golden, test_case, matrix);
  status.Update(CheckNextDraw(test_case, generator));
  const bool identical =
      Crc32Of(matrix) == test_case.at("crc32").get<uint32_t>();
  if (!identical && PromisesSameBytes<T>(test_case, *spec)) {
    status.Update(absl::InternalError("CRC-32 of the matrix differs"));
  }
  Outcome outcome = Outcome::Of(status);
  outcome.identical_bytes = identical;
  return outcome;
}

template <typename T>
absl::Status CheckStep(const Golden& golden, const Json& step,
                       TorchMt19937& generator) {
  std::vector<T> values;
  const auto append = [&](int64_t, absl::Span<const T> piece) {
    values.insert(values.end(), piece.begin(), piece.end());
  };
  const auto count = step.at("n").get<int64_t>();
  if (step.at("op") == "uniform") {
    FillUniform<T>(NumberOf(step.at("a")), NumberOf(step.at("b")), count,
                   generator, {append});
  } else if (step.at("op") == "normal") {
    FillNormal<T>(NumberOf(step.at("mean")), NumberOf(step.at("std")), count,
                  generator, {append});
  } else {
    return absl::InternalError("unknown op");
  }
  return Compare(step.at("cmp"), values, Elements(golden, step.at("out"), T{}));
}

}  // namespace

InitArgs InitArgsOf(const Json& args) {
  InitArgs result;
  for (const auto& [name, value] : args.items()) {
    if (name == "mode" || name == "nonlinearity") {
      result.emplace_back(name, value.get<std::string>());
    } else {
      result.emplace_back(name, NumberOf(value));
    }
  }
  return result;
}

Outcome CheckInit(const Golden& golden, const Json& test_case) {
  return test_case.at("dtype") == "f64" ? CheckInitOf<double>(golden, test_case)
                                        : CheckInitOf<float>(golden, test_case);
}

Outcome CheckRng(const Golden& golden, const Json& test_case) {
  TorchMt19937 generator = GeneratorOf(test_case);
  for (const Json& step : test_case.at("steps")) {
    const absl::Status status = step.at("dtype") == "f64"
                                    ? CheckStep<double>(golden, step, generator)
                                    : CheckStep<float>(golden, step, generator);
    if (!status.ok()) return Outcome::Of(status);
  }
  return Outcome::Of(CheckNextDraw(test_case, generator));
}

Outcome CheckGain(const Golden& /*golden*/, const Json& test_case) {
  // The slope that torch.nn.init.calculate_gain takes if none is given.
  const Json& param = test_case.at("param");
  const double slope = param.is_null() ? 0.01 : NumberOf(param);
  const absl::StatusOr<double> gain =
      CalculateGain(test_case.at("nonlinearity").get<std::string>(), slope);
  if (!gain.ok()) return Outcome::Of(gain.status());
  const double want = NumberOf(test_case.at("value"));
  return Outcome::Of(Compare(test_case.at("cmp"),
                             absl::MakeConstSpan(&*gain, 1),
                             absl::MakeConstSpan(&want, 1)));
}

}  // namespace emb
