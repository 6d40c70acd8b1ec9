// What a table is: its name, shape, type, padding and filling.
#ifndef EMB_CORE_TABLE_SPEC_H_
#define EMB_CORE_TABLE_SPEC_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/dtype.h"
#include "core/initializer.h"
#include "core/row_format.h"

namespace emb {

// Edges that are part of the format; a server may set lower ones.
inline constexpr int64_t kTableNameBytesMax = 128;
inline constexpr int64_t kDimMax = 65'536;

// A table's definition. Given by a caller it may be anything; returned by
// MakeTableSpec it is valid and its padding_idx is not negative.
struct TableSpec {
  std::string name;
  int64_t num_rows = 0;  // PyTorch's num_embeddings.
  int64_t dim = 0;       // PyTorch's embedding_dim.
  DType dtype = DType::kFloat32;
  std::optional<int64_t> padding_idx;  // Negative: counts from the end.
  // Rows of a greater norm are scaled down to it when they enter.
  std::optional<double> max_norm;
  double norm_type = 2;  // The p of that norm; may be infinite.
  // How the rows were made; nullopt: they were imported.
  std::optional<Initializer> initializer;
  uint64_t seed = 0;  // Only the low 32 bits matter.
  // The padding row keeps the values it was imported with.
  bool keep_padding_row = false;

  // REQUIRES: the spec is valid.
  RowFormat row_format() const { return {dtype, dim}; }
  int64_t row_bytes() const { return row_format().row_bytes(); }
  // Of all rows as they are stored, and in float32.
  int64_t data_bytes() const { return num_rows * row_bytes(); }
  int64_t element_bytes() const {
    return num_rows * row_format().float_bytes();
  }
  // The row that must be zero, if there is one.
  std::optional<int64_t> zero_row() const {
    return keep_padding_row ? std::nullopt : padding_idx;
  }
};

// Checks a table name: 1 to 128 characters of [A-Za-z0-9._-].
// Errors   INVALID_ARGUMENT  says what was given and what is wanted.
absl::Status ValidateTableName(absl::string_view name);

// Checks everything about `spec` and returns it with padding_idx made
// positive.
//
// Errors   INVALID_ARGUMENT  name, num_rows < 1, dim outside [1, 65,536] or odd
//                            with int4, a size (stored or in float32) beyond
//                            2^62, padding_idx outside
//                            [-num_rows, num_rows), max_norm negative or not
//                            finite, norm_type NaN, as CheckFill.
absl::StatusOr<TableSpec> MakeTableSpec(TableSpec spec);

}  // namespace emb

#endif  // EMB_CORE_TABLE_SPEC_H_
