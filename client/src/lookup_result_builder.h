// Makes a LookupResult from the parts of an answer.
#ifndef EMB_CLIENT_SRC_LOOKUP_RESULT_BUILDER_H_
#define EMB_CLIENT_SRC_LOOKUP_RESULT_BUILDER_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "emb/lookup_result.h"

namespace emb {

// LookupResultBuilder lays all values out in one buffer, each feature's at a
// multiple of 64 bytes from its beginning.
//
// Threads  One thread.
class LookupResultBuilder {
 public:
  explicit LookupResultBuilder(uint64_t epoch) { result_.epoch_ = epoch; }

  // Adds a feature with so many bytes of values.
  void Add(FeatureResult feature, size_t values_bytes);

  using CopyValues =
      absl::FunctionRef<void(size_t feature, absl::Span<std::byte> values)>;

  // Makes the buffer, in which `copy_values` writes the values of each feature.
  // Call once.
  LookupResult Build(CopyValues copy_values);

  // The same in memory of the caller's, which outlives the result. Call once.
  //
  // Errors   INVALID_ARGUMENT  `buffer` is too small, and is as it was; names
  //                            the bytes needed.
  absl::StatusOr<LookupResult> BuildIn(absl::Span<std::byte> buffer,
                                       CopyValues copy_values);

 private:
  LookupResult Fill(std::byte* begin, CopyValues copy_values);

  LookupResult result_;
  std::vector<size_t> offsets_;  // Of each feature; 0 for one without values.
  std::vector<size_t> values_bytes_;
  size_t bytes_ = 0;  // Up to the end of the last value.
};

}  // namespace emb

#endif  // EMB_CLIENT_SRC_LOOKUP_RESULT_BUILDER_H_
