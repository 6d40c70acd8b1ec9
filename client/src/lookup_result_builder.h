// Makes a LookupResult from the parts of an answer.
#ifndef EMB_CLIENT_SRC_LOOKUP_RESULT_BUILDER_H_
#define EMB_CLIENT_SRC_LOOKUP_RESULT_BUILDER_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "emb/lookup_result.h"

namespace emb {

// LookupResultBuilder lays all values out in one buffer, each feature's on a
// 64-byte boundary.
//
// Threads  One thread.
class LookupResultBuilder {
 public:
  explicit LookupResultBuilder(uint64_t epoch) { result_.epoch_ = epoch; }

  // Adds a feature. `values` is copied by Build and must live until then.
  void Add(FeatureResult feature, const std::string& values);

  // Call once.
  LookupResult Build();

 private:
  LookupResult result_;
  std::vector<const std::string*> values_;
};

}  // namespace emb

#endif  // EMB_CLIENT_SRC_LOOKUP_RESULT_BUILDER_H_
