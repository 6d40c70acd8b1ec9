// Makes a LookupResult from the parts of an answer.
#ifndef EMB_CLIENT_SRC_LOOKUP_RESULT_BUILDER_H_
#define EMB_CLIENT_SRC_LOOKUP_RESULT_BUILDER_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/types/span.h"
#include "emb/lookup_result.h"

namespace emb {

// LookupResultBuilder lays all values out in one buffer, each feature's on a
// 64-byte boundary.
//
// Threads  One thread.
class LookupResultBuilder {
 public:
  explicit LookupResultBuilder(uint64_t epoch) { result_.epoch_ = epoch; }

  // Adds a feature with so many bytes of values.
  void Add(FeatureResult feature, size_t values_bytes);

  // Makes the buffer, in which `copy_values` writes the values of each feature.
  // Call once.
  LookupResult Build(
      absl::FunctionRef<void(size_t feature, absl::Span<std::byte> values)>
          copy_values);

 private:
  LookupResult result_;
  std::vector<size_t> values_bytes_;
};

}  // namespace emb

#endif  // EMB_CLIENT_SRC_LOOKUP_RESULT_BUILDER_H_
