// One table of a file that may hold several.
#ifndef EMB_CLIENT_FORMATS_CHOOSE_TENSOR_H_
#define EMB_CLIENT_FORMATS_CHOOSE_TENSOR_H_

#include <cstddef>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace emb {

// The place in `names` of `wanted`, or of the only one.
//
// Errors   INVALID_ARGUMENT  there is none, or it is not said which; names
//                            what is there. Or a name is there twice.
absl::StatusOr<size_t> ChooseTensor(absl::Span<const std::string> names,
                                    const std::optional<std::string>& wanted);

}  // namespace emb

#endif  // EMB_CLIENT_FORMATS_CHOOSE_TENSOR_H_
