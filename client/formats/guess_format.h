// What a file seems to be, for messages about those that are not read.
#ifndef EMB_CLIENT_FORMATS_GUESS_FORMAT_H_
#define EMB_CLIENT_FORMATS_GUESS_FORMAT_H_

#include "absl/strings/string_view.h"

namespace emb {

// A few words by the first bytes of a file: "a gzip file".
absl::string_view GuessFormat(absl::string_view head);

}  // namespace emb

#endif  // EMB_CLIENT_FORMATS_GUESS_FORMAT_H_
