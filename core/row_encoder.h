// Turns float32 rows into the form in which a table keeps them.
#ifndef EMB_CORE_ROW_ENCODER_H_
#define EMB_CORE_ROW_ENCODER_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "core/row_format.h"

namespace emb {

// By how much stored elements differ from the float32 ones they were made of;
// infinite ones and NaN, which are kept as they are, do not count.
struct QuantizationError {
  double max_abs = 0;  // The largest difference.
  double rms = 0;      // The root of the mean of squared differences.
};

// RowEncoder stores rows and keeps account of what that loses.
//
// Source   Tensor.half(), Tensor.bfloat16(), quantize.h.
// Threads  One thread.
class RowEncoder {
 public:
  // REQUIRES: format.dim >= 1, even for int4.
  explicit RowEncoder(const RowFormat& format);

  // Writes the stored form of `row` to `out`.
  //
  // Errors   INVALID_ARGUMENT  an element that the dtype cannot hold: a finite
  //                            one that would become infinite; for int8 and
  //                            int4 also an infinite one or a NaN, or one out
  //                            of the reach of int4's float16 scale. Names the
  //                            column and the element.
  // REQUIRES: row.size() == dim, out.size() == format.row_bytes().
  absl::Status Encode(absl::Span<const float> row, absl::Span<std::byte> out);

  // Of all rows encoded so far.
  QuantizationError error() const;

 private:
  absl::Status CheckAndCount(absl::Span<const float> row);

  const RowFormat format_;
  std::vector<float> decoded_;  // The row as a lookup would see it.
  double max_abs_ = 0;
  double sum_of_squares_ = 0;
  int64_t count_ = 0;  // Finite elements.
};

}  // namespace emb

#endif  // EMB_CORE_ROW_ENCODER_H_
