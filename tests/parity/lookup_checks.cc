// Lookups, bags, quantisation.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "core/dtype.h"
#include "core/gather.h"
#include "core/pooling.h"
#include "core/quantize.h"
#include "core/renormalise.h"
#include "core/simd_decode.h"
#include "core/status_macros.h"
#include "tests/parity/checks.h"
#include "tests/testing/make_table.h"

namespace emb {
namespace {

// What lookups and bags share: the weight, scaled down as max_norm says.
struct Weight {
  int64_t num_rows = 0;
  int64_t dim = 0;
  std::vector<float> values;

  std::unique_ptr<const Table> MakeTable() const {
    TableBuilder builder(num_rows, {DType::kFloat32, dim});
    builder.Write(0, AsBytes(values));
    return builder.Build();
  }
};

// Whether the case's weight is one that a table can be: float32, with rows.
bool IsTable(const Json& test_case) {
  const Json& weight = test_case.at("in").at("weight");
  const std::vector<int64_t> shape = ShapeOf(weight);
  return weight.at("t") == "f32" && shape.size() == 2 && shape[0] > 0 &&
         shape[1] > 0;
}

Weight WeightOf(const Golden& golden, const Json& test_case) {
  const Json& reference = test_case.at("in").at("weight");
  return {ShapeOf(reference)[0], ShapeOf(reference)[1],
          golden.Floats(reference)};
}

void ApplyMaxNorm(const Json& args, const std::vector<int64_t>& ids,
                  Weight& weight) {
  if (args.at("max_norm").is_null()) return;
  Renormalise({NumberOf(args.at("max_norm")), NumberOf(args.at("norm_type"))},
              weight.dim, ids, absl::MakeSpan(weight.values));
}

absl::Status CompareOutputs(const Golden& golden, const Json& test_case,
                            const std::vector<float>& output,
                            const Weight& weight) {
  const Json& out = test_case.at("out");
  const Json& cmp = test_case.at("cmp");
  EMB_RETURN_IF_ERROR(Compare(cmp, output, golden.Floats(out.at("output"))));
  return Compare(cmp, weight.values, golden.Floats(out.at("weight_after")));
}

// PyTorch's padding_idx: a negative one counts from the end.
std::optional<int64_t> PaddingOf(const Json& args, int64_t num_rows) {
  const Json& padding_idx = args.at("padding_idx");
  if (padding_idx.is_null()) return std::nullopt;
  const auto given = padding_idx.get<int64_t>();
  return given < 0 ? given + num_rows : given;
}

absl::StatusOr<PoolMode> ModeOf(const Json& args) {
  return ParsePoolMode(args.at("mode").get<std::string>());
}

// The length of each bag: from offsets, or the last axis of 2-D indices.
absl::StatusOr<std::vector<int64_t>> LengthsOf(const Golden& golden,
                                               const Json& test_case) {
  const Json& in = test_case.at("in");
  const std::vector<int64_t> shape = ShapeOf(in.at("indices"));
  if (shape.size() == 2) {
    return std::vector<int64_t>(static_cast<size_t>(shape[0]), shape[1]);
  }
  return LengthsOfOffsets(
      golden.Ints(in.at("offsets")), shape.at(0),
      test_case.at("args").at("include_last_offset").get<bool>());
}

absl::Status CheckBagOf(const Golden& golden, const Json& test_case) {
  const Json& in = test_case.at("in");
  const Json& args = test_case.at("args");
  Weight weight = WeightOf(golden, test_case);
  const std::vector<int64_t> ids = golden.Ints(in.at("indices"));
  EMB_ASSIGN_OR_RETURN(const std::vector<int64_t> lengths,
                       LengthsOf(golden, test_case));
  EMB_ASSIGN_OR_RETURN(const PoolMode mode, ModeOf(args));
  std::vector<float> weights;
  if (!in.at("per_sample_weights").is_null()) {
    weights = golden.Floats(in.at("per_sample_weights"));
  }
  const auto num_ids = static_cast<int64_t>(ids.size());
  EMB_RETURN_IF_ERROR(ValidateLengths(lengths, num_ids));
  EMB_RETURN_IF_ERROR(
      ValidateWeights(mode, static_cast<int64_t>(weights.size()), num_ids));
  ApplyMaxNorm(args, ids, weight);
  const auto table = weight.MakeTable();
  std::vector<float> output(lengths.size() * static_cast<size_t>(weight.dim));
  PoolBags(*table, mode, {ids, lengths, weights},
           AbsentIds(weight.num_rows, PaddingOf(args, weight.num_rows)),
           AsWritableBytes(absl::MakeSpan(output)));
  return CompareOutputs(golden, test_case, output, weight);
}

absl::Status CompareBytes(const std::vector<std::byte>& got,
                          const std::vector<std::byte>& want) {
  const auto [ours, theirs] =
      std::mismatch(got.begin(), got.end(), want.begin(), want.end());
  if (ours == got.end() && theirs == want.end()) return absl::OkStatus();
  return absl::InternalError(
      absl::StrCat("packed byte ", ours - got.begin(), " differs"));
}

}  // namespace

// The weight exactly as given, its padding row too: what --keep-padding-row
// serves.
Outcome CheckLookup(const Golden& golden, const Json& test_case) {
  if (!IsTable(test_case)) return Outcome::NotExpressible();
  Weight weight = WeightOf(golden, test_case);
  const std::vector<int64_t> ids =
      golden.Ints(test_case.at("in").at("indices"));
  ApplyMaxNorm(test_case.at("args"), ids, weight);
  const auto table = weight.MakeTable();
  std::vector<float> output(ids.size() * static_cast<size_t>(weight.dim));
  GatherRows(*table, ids, AbsentIds(weight.num_rows), RowsAs::kFloat32,
             AsWritableBytes(absl::MakeSpan(output)));
  return Outcome::Of(CompareOutputs(golden, test_case, output, weight));
}

Outcome CheckBag(const Golden& golden, const Json& test_case) {
  if (!IsTable(test_case)) return Outcome::NotExpressible();
  return Outcome::Of(CheckBagOf(golden, test_case));
}

Outcome CheckQuant(const Golden& golden, const Json& test_case) {
  if (!IsTable(test_case)) return Outcome::NotExpressible();
  const bool int8 = test_case.at("bits") == 8;
  const Weight weight = WeightOf(golden, test_case);
  const auto dim = static_cast<size_t>(weight.dim);
  const RowFormat format = {int8 ? DType::kInt8Rowwise : DType::kInt4Rowwise,
                            weight.dim};
  const auto row_bytes = static_cast<size_t>(format.row_bytes());
  std::vector<std::byte> packed(static_cast<size_t>(weight.num_rows) *
                                row_bytes);
  std::vector<float> dequantized(weight.values.size());
  for (size_t i = 0; i < static_cast<size_t>(weight.num_rows); ++i) {
    const auto row = absl::MakeConstSpan(weight.values).subspan(i * dim, dim);
    const auto codes = absl::MakeSpan(packed).subspan(i * row_bytes, row_bytes);
    const auto out = absl::MakeSpan(dequantized).subspan(i * dim, dim);
    int8 ? QuantizeRowInt8(row, codes) : QuantizeRowInt4(row, codes);
    DecodeRow(format, codes.data(), AsWritableBytes(out).data());
  }
  const Json& out = test_case.at("out");
  absl::Status status = CompareBytes(packed, golden.Bytes(out.at("packed")));
  status.Update(Compare(test_case.at("cmp"), dequantized,
                        golden.Floats(out.at("dequantized"))));
  return Outcome::Of(status);
}

}  // namespace emb
