// Numbers and nested arrays as JSON text.
#ifndef EMB_CLIENT_CLI_JSON_VALUES_H_
#define EMB_CLIENT_CLI_JSON_VALUES_H_

#include <cstdint>
#include <string>

#include "absl/types/span.h"

namespace emb {

// The shortest decimal that gives back the same float32, with a point or an
// exponent so that all of them are read as floating-point numbers; NaN and
// infinities, which JSON does not have, as strings "NaN", "Infinity" and
// "-Infinity".
void AppendJsonFloat(float value, std::string& out);

// `values` nested as `shape` says. With `lines`, each innermost array has a
// line of its own.
// REQUIRES: values.size() is the product of shape.
std::string JsonValues(absl::Span<const int64_t> shape,
                       absl::Span<const float> values, bool lines);

}  // namespace emb

#endif  // EMB_CLIENT_CLI_JSON_VALUES_H_
