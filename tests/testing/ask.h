// The simplest of lookups.
#ifndef EMB_TESTS_TESTING_ASK_H_
#define EMB_TESTS_TESTING_ASK_H_

#include <cstdint>
#include <string>
#include <vector>

#include "emb/types.h"

namespace emb {

// One feature: these rows of this table.
inline LookupRequest Ask(const std::string& table,
                         const std::vector<int64_t>& ids) {
  Feature feature;
  feature.table = table;
  feature.ids = ids;
  LookupRequest request;
  request.features = {feature};
  return request;
}

}  // namespace emb

#endif  // EMB_TESTS_TESTING_ASK_H_
