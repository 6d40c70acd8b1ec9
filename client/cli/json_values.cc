#include "client/cli/json_values.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <iterator>

namespace emb {
namespace {

// Writes one array of the outermost axis of `shape` and takes its elements
// from the front of `values`. The depth is bounded by the server's limit on
// axes.
void AppendArray(absl::Span<const int64_t> shape, bool lines, int depth,
                 absl::Span<const float>& values, std::string& out) {
  const int64_t extent = shape.front();
  const bool innermost = shape.size() == 1;
  out += '[';
  for (int64_t i = 0; i < extent; ++i) {
    if (i > 0) out += ',';
    if (innermost) {
      AppendJsonFloat(values.front(), out);
      values.remove_prefix(1);
      continue;
    }
    if (lines) out.append("\n").append(static_cast<size_t>(depth), ' ');
    AppendArray(shape.subspan(1), lines, depth + 1, values, out);
  }
  out += ']';
}

}  // namespace

void AppendJsonFloat(float value, std::string& out) {
  if (std::isnan(value)) {
    out += "\"NaN\"";
  } else if (std::isinf(value)) {
    out += value > 0 ? "\"Infinity\"" : "\"-Infinity\"";
  } else {
    char text[32];
    const auto end = std::to_chars(text, text + sizeof(text), value).ptr;
    out.append(text, end);
    // Readers take "1" for an integer, and "-0" for one without a sign.
    constexpr char kFloatMarks[] = {'.', 'e'};
    if (std::find_first_of(text, end, std::begin(kFloatMarks),
                           std::end(kFloatMarks)) == end) {
      out += ".0";
    }
  }
}

std::string JsonValues(absl::Span<const int64_t> shape,
                       absl::Span<const float> values, bool lines) {
  std::string out;
  if (shape.empty()) {
    AppendJsonFloat(values.front(), out);
  } else {
    AppendArray(shape, lines, 1, values, out);
  }
  return out;
}

}  // namespace emb
