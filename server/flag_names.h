// Names of flags and variables that nobody knows, and what was meant.
#ifndef EMB_SERVER_FLAG_NAMES_H_
#define EMB_SERVER_FLAG_NAMES_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace emb {

// The name that is most like `given`: the same but for case, dashes and
// underscores, or else the one that the fewest changed letters lead to. Empty
// if none is near.
std::string NearestName(absl::string_view given,
                        const std::vector<std::string>& names);

// "; did you mean --data_dir?", or nothing if `nearest` is empty.
std::string DidYouMean(absl::string_view prefix, absl::string_view nearest);

}  // namespace emb

#endif  // EMB_SERVER_FLAG_NAMES_H_
