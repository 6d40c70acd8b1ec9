#include "core/table_spec.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "core/fill.h"
#include "core/status_macros.h"

namespace emb {
namespace {

absl::Status SpecError(absl::string_view field, int64_t given,
                       absl::string_view want) {
  return absl::InvalidArgumentError(
      absl::StrCat(field, ": ", given, ", want ", want));
}

bool IsNameCharacter(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' ||
         c == '_' || c == '-';
}

absl::Status CheckShape(const TableSpec& spec) {
  if (spec.num_rows < 1) {
    return SpecError("num_rows", spec.num_rows, "at least 1");
  }
  if (spec.dim < 1 || spec.dim > kDimMax) {
    return SpecError("dim", spec.dim, absl::StrCat("1 to ", kDimMax));
  }
  if (spec.dtype == DType::kInt4Rowwise && spec.dim % 2 != 0) {
    return SpecError("dim", spec.dim, "an even one for int4");
  }
  // Half of all: what a table takes in memory is a little more than its rows.
  constexpr int64_t kDataBytesMax = std::numeric_limits<int64_t>::max() / 2;
  const RowFormat format = spec.row_format();
  const int64_t row_bytes = std::max(format.row_bytes(), format.float_bytes());
  if (spec.num_rows > kDataBytesMax / row_bytes) {
    return SpecError(
        "num_rows", spec.num_rows,
        absl::StrCat("rows of ", row_bytes, " bytes to fit 2^62 bytes"));
  }
  return absl::OkStatus();
}

// PyTorch takes any numbers here. Those that mean nothing, or turn rows
// around, are mistakes.
absl::Status CheckNorm(const TableSpec& spec) {
  if (spec.max_norm.has_value()) {
    const double limit = *spec.max_norm;
    if (!(limit >= 0 && limit <= std::numeric_limits<float>::max())) {
      return absl::InvalidArgumentError(absl::StrCat(
          "max_norm: ", limit, ", want a finite number of at least 0"));
    }
  }
  if (std::isnan(spec.norm_type)) {
    return absl::InvalidArgumentError("norm_type: nan, want a number");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ValidateTableName(absl::string_view name) {
  const auto bad = std::find_if_not(name.begin(), name.end(), IsNameCharacter);
  if (bad != name.end()) {
    // Not echoed: it may be anything, also not text.
    return absl::InvalidArgumentError(absl::StrCat(
        "name: character ", bad - name.begin(),
        " is not allowed, want letters, digits, '.', '_' and '-'"));
  }
  if (name.empty() || name.size() > kTableNameBytesMax) {
    return absl::InvalidArgumentError(absl::StrCat(
        "name: ", name.size(), " characters, want 1 to ", kTableNameBytesMax));
  }
  return absl::OkStatus();
}

absl::StatusOr<TableSpec> MakeTableSpec(TableSpec spec) {
  EMB_RETURN_IF_ERROR(ValidateTableName(spec.name));
  EMB_RETURN_IF_ERROR(CheckShape(spec));
  EMB_RETURN_IF_ERROR(CheckNorm(spec));
  if (spec.padding_idx.has_value()) {
    const int64_t given = *spec.padding_idx;
    if (given < -spec.num_rows || given >= spec.num_rows) {
      return SpecError(
          "padding_idx", given,
          absl::StrCat("[", -spec.num_rows, ", ", spec.num_rows, ")"));
    }
    spec.padding_idx = given < 0 ? given + spec.num_rows : given;
  }
  if (spec.initializer.has_value()) {
    EMB_RETURN_IF_ERROR(CheckFill(*spec.initializer, spec.num_rows, spec.dim));
  }
  return spec;
}

}  // namespace emb
