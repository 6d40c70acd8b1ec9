// Elements of any type as float32, and what that cost.
#ifndef EMB_CLIENT_FORMATS_ELEMENT_CONVERT_H_
#define EMB_CLIENT_FORMATS_ELEMENT_CONVERT_H_

#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "client/formats/source_type.h"

namespace emb {

// What became of the values so far. NaN and infinities are kept as they are,
// and counted.
struct ConversionTally {
  int64_t num_rounded = 0;   // Values that float32 holds only nearly.
  double max_abs_error = 0;  // The largest |value - float32 of it|,
  int64_t max_error_at = 0;  // and the first place of it, in row order.
  int64_t num_nan = 0;
  int64_t num_infinite = 0;

  // Counts `value`, which became `stored`.
  void Count(double value, float stored, int64_t at);
};

// Turns the elements of one table into float32, in row order.
//
// float16, bfloat16 and integers must be held exactly, float64 is rounded to
// the nearest.
//
// Threads  One thread.
class ElementConverter {
 public:
  ElementConverter(SourceType type, bool big_endian, int64_t dim)
      : type_(type), big_endian_(big_endian), dim_(dim) {}

  // Converts the elements that follow those of the last call.
  //
  // Errors   INVALID_ARGUMENT  names row, column and value of the first that
  //                            float32 cannot hold.
  // REQUIRES: in.size() == out.size() * SourceTypeBytes(type).
  absl::Status Convert(absl::Span<const std::byte> in, absl::Span<float> out);

  const ConversionTally& tally() const { return tally_; }

 private:
  template <typename T>
  absl::Status ConvertFrom(absl::Span<const std::byte> in,
                           absl::Span<float> out);

  const SourceType type_;
  const bool big_endian_;
  const int64_t dim_;
  int64_t next_ = 0;  // Place of the next element.
  ConversionTally tally_;
};

// The float32 nearest to the decimal number `text`, counted in `tally` as the
// value at `at`. Also nan, inf and infinity, in any case, with a sign.
//
// Errors   INVALID_ARGUMENT  no number, or one beyond float32.
absl::StatusOr<float> ParseFloat(absl::string_view text, int64_t at,
                                 ConversionTally& tally);

// Whether ParseFloat would take it for a number, however large.
bool IsNumber(absl::string_view text);

}  // namespace emb

#endif  // EMB_CLIENT_FORMATS_ELEMENT_CONVERT_H_
