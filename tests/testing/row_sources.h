// Where imports of tests come from.
#ifndef EMB_TESTS_TESTING_ROW_SOURCES_H_
#define EMB_TESTS_TESTING_ROW_SOURCES_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "emb/connection.h"
#include "tests/testing/make_table.h"

namespace emb {

// The values, row-major.
inline RowSource RowsFromValues(std::vector<float> values) {
  return [values, offset = size_t{0}](
             absl::Span<std::byte> buffer) mutable -> absl::StatusOr<size_t> {
    const auto bytes = AsBytes(values).subspan(offset);
    const size_t count = std::min(buffer.size(), bytes.size());
    std::memcpy(buffer.data(), bytes.data(), count);
    offset += count;
    return count;
  };
}

// Zeros, until `bytes` of them have been read; then `status`.
inline RowSource RowsThatFailAfter(int64_t bytes, absl::Status status) {
  return [bytes, status](
             absl::Span<std::byte> buffer) mutable -> absl::StatusOr<size_t> {
    if (bytes <= 0) return status;
    std::memset(buffer.data(), 0, buffer.size());
    bytes -= static_cast<int64_t>(buffer.size());
    return buffer.size();
  };
}

}  // namespace emb

#endif  // EMB_TESTS_TESTING_ROW_SOURCES_H_
